/**
 * Somebody edits children of tenants by hand, at a pace of their own while every Tenant is there: how
 * long until each is as it was, and until an Event on its Tenant says so.
 */
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { CHILD_EDITS } from '#hack/testing/storm/child-edits.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { type KubeObject, keyOf } from '#lib/kube/kube-object.ts';
import { EVENTS } from '#lib/kube/resource.ts';
import type { ChildKind, Fields } from '#operator/engine/child-kind.ts';
import { tenantNamespace } from '#operator/installation/names.ts';
import { TENANT_CHILD_KINDS } from '#operator/world/tenant-child-kinds.ts';
import { type BenchOutcome, seconds, whole } from '../bench-outcome.ts';
import { type Distribution, distributionOf } from '../distribution.ts';
import { assertNoDrift, assertProjected, driftIn } from './assert-projected.ts';
import type { BenchContext } from './bench-context.ts';
import { benchTenantName } from './bench-tenant.ts';
import type { PopulatedSite } from './populated-site.ts';
import type { Site } from './site.ts';
import { watchObjects } from './watch-objects.ts';

const TARGET_MS = 1_000;
const EDITOR = 'somebody';
/** One child each of so many tenants, or of all where there are fewer. */
const MOST_EDITS = 300;
const PERIOD_MS = 200;
const PUT_BACK_TIMEOUT_MS = 120_000;

/** Of each kind that every tenant of the benches has, the child that is edited. */
const CHILD_NAMES: Readonly<Record<string, string>> = {
  ServiceAccount: 'tenant',
  ResourceQuota: 'tenant',
  LimitRange: 'tenant',
  NetworkPolicy: 'default-deny',
  Secret: 'tenant-keys',
};

/** One child that was edited; times by the monotonic clock. */
interface Edit {
  /** What the operator owns of it, as it was. */
  readonly before: Fields;
  repliedAtMs?: number;
  /** Whether the watch has shown it as it was edited. */
  isSeen?: boolean;
  putBackAtMs?: number;
  toldAtMs?: number;
}

interface TenantEvent extends KubeObject {
  readonly message?: string;
  readonly involvedObject?: { readonly name?: string };
}

export async function driftBench({ populated, config, say }: BenchContext): Promise<BenchOutcome> {
  const site = await populated();
  await site.quiet();
  const count = Math.min(MOST_EDITS, config.TENANTS);
  say(`editing ${count} children by hand`);
  const driftSoFar = async () => driftIn(await site.operator.metrics(), { countMissing: true });
  const driftBefore = await driftSoFar();
  const edits = await editAndWatch(site, someOf(config.TENANTS, count));
  // Children are in the cluster: none of this concerns Redis.
  assertNoDrift((await driftSoFar()) - driftBefore);
  await assertProjected(site.site, config.TENANTS);
  const putBack = delays(edits, 'putBackAtMs');
  const told = delays(edits, 'toldAtMs');
  const pace = `${whole(count)} edits, ${1_000 / PERIOD_MS} a second`;
  return {
    rows: [
      {
        what: `a child edited by hand among ${whole(config.TENANTS)} Tenants is put back (${pace})`,
        target: 'p99 ≤ 1 s',
        measured: `p50 ${seconds(putBack.p50)}, p99 ${seconds(putBack.p99)} (its Event: p99 ${seconds(told.p99)})`,
        isMet: putBack.p99 <= TARGET_MS,
      },
    ],
    figures: { putBack, told },
  };
}

/** So many indices of Tenants, each once, in any order. */
function someOf(tenants: number, count: number): number[] {
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(randomInt(tenants));
  return [...drawn];
}

/** Makes one edit after the other, whether or not the one before is put back; resolves when all are, and told. */
async function editAndWatch({ site }: PopulatedSite, tenants: readonly number[]): Promise<readonly Edit[]> {
  const kinds = TENANT_CHILD_KINDS.filter(({ resource }) => CHILD_NAMES[resource.kind] !== undefined);
  const edits = new Map<string, Edit>();
  const ends = await Promise.all([
    ...kinds.map((kind) => watchChildren(site, kind, edits)),
    watchEvents(site, edits),
  ]);
  try {
    for (const [nth, index] of tenants.entries()) {
      const beganAtMs = performance.now();
      const kind = kinds[nth % kinds.length];
      if (kind !== undefined) await editByHand(site, benchTenantName(index), kind, edits);
      await systemClock.sleep(Math.max(0, beganAtMs + PERIOD_MS - performance.now()));
    }
    const isDone = (key: string) => {
      const { putBackAtMs, toldAtMs } = edits.get(key) ?? {};
      return putBackAtMs !== undefined && toldAtMs !== undefined;
    };
    const keys = [...edits.keys()];
    if (await waitUntil(() => keys.every(isDone), PUT_BACK_TIMEOUT_MS)) return [...edits.values()];
    const left = keys.filter((key) => !isDone(key)).join(', ');
    throw new LocalError('drift_not_put_back', `Not put back, or without an Event: ${left}.`);
  } finally {
    await Promise.all(ends.map((end) => end()));
  }
}

async function editByHand(
  { admin }: Site,
  tenant: string,
  kind: ChildKind,
  edits: Map<string, Edit>,
): Promise<void> {
  const { resource } = kind;
  const ref = { namespace: tenantNamespace(tenant), name: CHILD_NAMES[resource.kind] ?? '' };
  const object = await admin.get<KubeObject>(resource, ref);
  if (object === undefined) throw new LocalError('child_missing', `There is no ${keyOf(ref)}.`);
  const edit: Edit = { before: ownedOf(kind, object) };
  edits.set(editKey(ref.namespace, resource.kind), edit);
  await admin.mergePatch(resource, ref, CHILD_EDITS[resource.kind] ?? {}, { fieldManager: EDITOR });
  edit.repliedAtMs = performance.now();
}

function watchChildren({ admin }: Site, kind: ChildKind, edits: ReadonlyMap<string, Edit>) {
  const { resource } = kind;
  return watchObjects<KubeObject>({
    client: admin,
    resource,
    fieldSelector: `metadata.name=${CHILD_NAMES[resource.kind]}`,
    onObject: (object, atMs) => {
      const edit = edits.get(editKey(object.metadata.namespace, resource.kind));
      if (edit === undefined) return;
      const isRight = isDeepStrictEqual(ownedOf(kind, object), edit.before);
      if (!isRight) edit.isSeen = true;
      else if (edit.isSeen) edit.putBackAtMs ??= atMs;
    },
  });
}

function watchEvents({ admin }: Site, edits: ReadonlyMap<string, Edit>) {
  return watchObjects<TenantEvent>({
    client: admin,
    resource: EVENTS,
    fieldSelector: 'involvedObject.kind=Tenant,reason=ChildCorrected',
    onObject: ({ involvedObject, message = '' }, atMs) => {
      const [kind = ''] = message.split(' ');
      const edit = edits.get(editKey(tenantNamespace(involvedObject?.name ?? ''), kind));
      if (edit !== undefined) edit.toldAtMs ??= atMs;
    },
  });
}

function editKey(namespace: string | undefined, kind: string): string {
  return `${namespace} ${kind}`;
}

function ownedOf(kind: ChildKind, object: KubeObject): Fields {
  return kind.owned({ ...object });
}

/** How long after the replies to the edits something of each was seen. */
function delays(edits: readonly Edit[], what: 'putBackAtMs' | 'toldAtMs'): Distribution {
  // The watch may be ahead of the reply.
  return distributionOf(
    edits.map((edit) => Math.max(0, (edit[what] ?? Number.NaN) - (edit.repliedAtMs ?? 0))),
  );
}
