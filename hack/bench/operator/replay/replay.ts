import { RawPool } from '../../raw-pool.ts';
import type { MadeTenant } from '../make-tenants.ts';
import type { RecordedRequest } from '../recording.ts';

export interface ReplayOptions {
  readonly kubeconfigPath: string;
  readonly requests: readonly RecordedRequest[];
  /** The Tenants of the recording and those that stand for them now. */
  readonly recorded: readonly MadeTenant[];
  readonly present: readonly MadeTenant[];
  readonly inFlight: number;
}

export interface Replayed {
  readonly requests: number;
  readonly seconds: number;
  /** Replies with another status than the recorded one, by "recorded → now". */
  readonly differing: Readonly<Record<string, number>>;
}

interface Step {
  readonly request: RecordedRequest;
  /** The body in two parts, where the current resourceVersion of `object` comes between them. */
  readonly body: readonly [string, string] | string | undefined;
  readonly object: string;
  /** Whether a later step needs the resourceVersion that this one's reply tells. */
  readonly isRemembered: boolean;
  readonly followers: number[];
  waitsFor: number;
}

const RESOURCE_VERSION = /"resourceVersion":"(\d+)"/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * Sends recorded requests to another API server as fast as a bare pool can: each when those before it
 * in its tenant's sequence have ended, tenants in their recorded order, those under way first. Uids and
 * resourceVersions are those of the new server; everything else is as it was recorded. All that can be
 * prepared is prepared before the clock starts.
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const versions = new Map(options.present.map((tenant) => [objectOf(tenant), tenant.resourceVersion]));
  const steps = planOf(options);
  const pool = new RawPool(options.kubeconfigPath, options.inFlight);
  const differing: Record<string, number> = {};
  const send = async ({ request, body, object, isRemembered }: Step) => {
    const { method, path, contentType } = request;
    const text = Array.isArray(body) ? body.join(versions.get(object) ?? '') : (body as string | undefined);
    const raw = { method: method as 'GET', path, contentType, body: text };
    let status: number;
    if (isRemembered) {
      const reply = await pool.text(raw);
      status = reply.status;
      const version = RESOURCE_VERSION.exec(reply.text)?.[1];
      if (version !== undefined) versions.set(object, version);
    } else {
      status = await pool.send(raw);
    }
    if (status === request.status) return;
    const difference = `${method} ${request.status} → ${status}`;
    differing[difference] = (differing[difference] ?? 0) + 1;
  };
  try {
    const beganAtMs = performance.now();
    await runSteps(steps, options.inFlight, send);
    return { requests: steps.length, seconds: (performance.now() - beganAtMs) / 1_000, differing };
  } finally {
    await pool.close();
  }
}

/** Runs every step, `inFlight` at once; the first failure ends it. */
export async function runSteps<
  S extends {
    readonly request: { readonly after: readonly number[] };
    readonly followers: number[];
    waitsFor: number;
  },
>(steps: readonly S[], inFlight: number, send: (step: S) => Promise<void>): Promise<void> {
  const freed: S[] = [];
  let next = 0;
  const take = (): S | undefined => {
    const follower = freed.pop();
    if (follower !== undefined) return follower;
    while (next < steps.length) {
      const step = steps[next];
      next += 1;
      if (step?.request.after.length === 0) return step;
    }
    return undefined;
  };
  const done = Promise.withResolvers<void>();
  let left = steps.length;
  let running = 0;
  const finish = (step: S) => {
    running -= 1;
    left -= 1;
    for (const index of step.followers) {
      const follower = steps[index];
      if (follower === undefined) continue;
      follower.waitsFor -= 1;
      if (follower.waitsFor === 0) freed.push(follower);
    }
    fill();
  };
  const run = async (step: S) => {
    try {
      await send(step);
      finish(step);
    } catch (error) {
      done.reject(error);
    }
  };
  const fill = () => {
    if (left === 0) done.resolve();
    while (running < inFlight) {
      const step = take();
      if (step === undefined) return;
      running += 1;
      void run(step);
    }
  };
  fill();
  await done.promise;
}

function planOf({ requests, recorded, present }: ReplayOptions): Step[] {
  const presentByName = new Map(present.map((tenant) => [tenant.name, tenant]));
  const uids = new Map(recorded.map(({ name, uid }) => [uid, presentByName.get(name)?.uid ?? uid]));
  const withVersion = new Set(
    requests.filter(({ body }) => RESOURCE_VERSION.test(body ?? '')).map(({ path }) => objectOfPath(path)),
  );
  const steps = requests.map((request): Step => {
    const object = objectOfPath(request.path);
    const body = request.body?.replace(UUID, (uid) => uids.get(uid) ?? uid);
    return {
      request,
      body: body === undefined ? undefined : split(body),
      object,
      isRemembered: withVersion.has(object),
      followers: [],
      waitsFor: request.after.length,
    };
  });
  for (const [index, { request }] of steps.entries()) {
    for (const earlier of request.after) steps[earlier]?.followers.push(index);
  }
  return steps;
}

function split(body: string): readonly [string, string] | string {
  const found = RESOURCE_VERSION.exec(body);
  if (found?.[1] === undefined) return body;
  const at = found.index + '"resourceVersion":"'.length;
  return [body.slice(0, at), body.slice(at + found[1].length)];
}

function objectOf(tenant: MadeTenant): string {
  return `/apis/veralux.io/v1alpha1/tenants/${tenant.name}`;
}

/** The path of the object that a request is about, without query and subresource. */
function objectOfPath(path: string): string {
  return (path.split('?', 1)[0] ?? path).replace(/\/(status|scale)$/, '');
}
