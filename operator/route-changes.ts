import { isDeepStrictEqual } from 'node:util';
import { keyOf, refOf } from '#lib/kube/kube-object.ts';
import type { ChangeOrigin } from '#lib/kube/object-store.ts';
import { inTurns } from '#lib/lifecycle/in-turns.ts';
import type { Priority } from '#operator/engine/waiting-keys.ts';
import { childHasNews, namespaceHasNews, sharedSecretHasNews, tenantHasNews } from './has-news.ts';
import { ANNOTATIONS, isPlatform, tenantNamespace } from './installation/names.ts';
import { refersToAnything } from './references/references-of.ts';
import { routeReferences } from './references/route-references.ts';
import { homeOf } from './world/home-of.ts';
import type { Raw, RawTenant, RawVoiceRuntime } from './world/raw-objects.ts';
import { secretNamesIn } from './world/secret-refusal.ts';
import { speechEngineNames } from './world/speech-engines.ts';
import { takesCalls } from './world/takes-calls.ts';
import { tenantIDOf } from './world/tenant-id.ts';
import type { World } from './world/world.ts';

/** When a key is looked at: at once and as what is new, unless said otherwise. */
export interface Urgency {
  readonly delayMs?: number;
  readonly priority?: Priority;
}

export interface Enqueue {
  readonly tenant: (key: string, urgency?: Urgency) => void;
  readonly phoneNumber: (key: string, urgency?: Urgency) => void;
  readonly runtime: (key: string) => void;
  readonly sharedSecret: (key: string) => void;
}

/**
 * How long a runtime must be gone before its tenants hear of it: ten thousand statuses are not
 * written twice because heartbeats stayed out for some seconds. Its own status says it at once.
 */
const RUNTIME_GRACE_MS = 30_000;
/** Tenants hear of it one after the other: ten thousand within a minute, and no faster. */
const RUNTIME_PACE_MS = 6;

const TENANTS_PREFIX = tenantNamespace('');

/** Says for each change which objects have to be looked at again. Only notes keys down. */
export function routeChanges(world: World, enqueue: Enqueue): void {
  const numbersIn = (namespace: string, urgency?: Urgency) => {
    for (const key of world.numbersByNamespace.keys(namespace)) enqueue.phoneNumber(key, urgency);
  };
  /** Who of several Tenants an id belongs to may have changed: one is served now, and another no more. */
  const rivalsOver = (id: string, except?: string) => {
    const tenants = world.tenantsByID.keys(id);
    if (tenants.length === 1 && except === undefined) return;
    for (const tenant of tenants.filter((one) => one !== except)) {
      enqueue.tenant(tenant);
      numbersIn(tenantNamespace(tenant));
    }
  };
  const everyTenant = () => {
    for (const { metadata } of world.tenants.list()) enqueue.tenant(metadata.name, { priority: 'Low' });
  };

  world.tenants.onChange((key, before, after, origin) => {
    if (tenantHasNews(before, after)) enqueue.tenant(key, { priority: priorityOf(after, origin) });
    if (!isServedAlike(before, after) && origin !== 'Initial') numbersIn(tenantNamespace(key));
    if (origin === 'Initial' || !claimsDiffer(before, after)) return;
    for (const one of [before, after]) {
      if (one !== undefined) rivalsOver(tenantIDOf(world.installationID, one), key);
    }
  });
  world.onRetainedRows((id) => {
    for (const tenant of world.tenantsByID.keys(id)) {
      enqueue.tenant(tenant);
      numbersIn(tenantNamespace(tenant));
    }
  });

  world.phoneNumbers.onChange((key, before, after, origin) => {
    enqueue.phoneNumber(key, { priority: priorityOf(after, origin) });
    if (before !== undefined && after !== undefined) return;
    const namespace = (before ?? after)?.metadata.namespace;
    if (namespace === undefined || origin === 'Initial') return;
    if (namespace.startsWith(TENANTS_PREFIX)) enqueue.tenant(namespace.slice(TENANTS_PREFIX.length));
    // One that the tenant's limit kept waiting may have its place now.
    if (after === undefined) numbersIn(namespace);
  });

  world.runtimes.onChange((key, before, after, origin) => {
    enqueue.runtime(key);
    // Tenants and numbers come by themselves then.
    if (origin === 'Initial') return;
    const delayMs = newsDelayMs(before, after);
    if (delayMs !== undefined) {
      for (const [index, tenant] of world.tenantsByRuntime.keys(key).entries()) {
        const urgency: Urgency = { delayMs: delayMs + index * RUNTIME_PACE_MS, priority: 'Low' };
        enqueue.tenant(tenant, urgency);
        numbersIn(tenantNamespace(tenant), urgency);
      }
    }
    if (isDeepStrictEqual(secretNamesIn(before?.spec), secretNamesIn(after?.spec))) return;
    // A Secret that a runtime works with is copied to nobody.
    const sources = world.sharedSecrets.sources.list();
    for (const { metadata } of sources) enqueue.sharedSecret(keyOf(metadata));
    if (sources.length > 0) everyTenant();
  });
  world.sharedSecrets.sources.onChange((key, before, after, origin) => {
    enqueue.sharedSecret(key);
    if (origin !== 'Initial' && sharedSecretHasNews(before, after)) everyTenant();
  });

  world.namespaces.onChange((name, before, after, origin) => {
    if (isPlatform(before) !== isPlatform(after)) {
      const runtimes = world.runtimes.list().filter(({ metadata }) => metadata.namespace === name);
      for (const { metadata } of runtimes) enqueue.runtime(keyOf(metadata));
    }
    if (!name.startsWith(TENANTS_PREFIX) || origin === 'Initial') return;
    if (namespaceHasNews(before, after, origin)) enqueue.tenant(name.slice(TENANTS_PREFIX.length));
    const [was, is] = [before, after].map(homeOf);
    if (before === undefined || after === undefined || !isDeepStrictEqual(was, is)) numbersIn(name);
    if (was?.id === is?.id) return;
    for (const home of [was, is]) if (home !== undefined) rivalsOver(home.id);
  });

  routeReferences(world, (tenant) => enqueue.tenant(tenant));

  for (const cache of world.children.values()) {
    cache.onChange((key, before, after, origin) => {
      const { namespace = '' } = refOf(key);
      if (!namespace.startsWith(TENANTS_PREFIX) || !childHasNews(before, after, origin)) return;
      enqueue.tenant(namespace.slice(TENANTS_PREFIX.length), { priority: 'High' });
    });
  }
}

/** Whether a Tenant's numbers have nothing to see in what changed of it. */
function isServedAlike(before: RawTenant | undefined, after: RawTenant | undefined): boolean {
  const [was, is] = [before?.metadata, after?.metadata];
  return (
    was?.generation === is?.generation &&
    was?.deletionTimestamp === is?.deletionTimestamp &&
    was?.annotations?.[ANNOTATIONS.adoptData] === is?.annotations?.[ANNOTATIONS.adoptData]
  );
}

/** What `holderOfID` ranks Tenants of one id by, as far as the Tenant itself shows it. */
function claimsDiffer(before: RawTenant | undefined, after: RawTenant | undefined): boolean {
  const [old, now] = [before?.metadata, after?.metadata];
  return old?.uid !== now?.uid || !isDeepStrictEqual(old?.finalizers ?? [], now?.finalizers ?? []);
}

/**
 * After Redis was away or lost writes, and holds everything again: those look again whose conditions
 * still say that it could not be written, and those that refer to what only they can write anew.
 */
export async function enqueueWaitingForRedis(world: World, enqueue: Enqueue): Promise<void> {
  const waits = (object: Raw<{ readonly conditions?: readonly { readonly reason: string }[] | undefined }>) =>
    object.status?.conditions?.some(({ reason }) => reason === 'RedisUnavailable') === true ||
    object.metadata.deletionTimestamp !== undefined;
  await inTurns(world.tenants.list(), (tenant) => {
    if (waits(tenant) || refersToAnything(tenant)) enqueue.tenant(tenant.metadata.name, { priority: 'Low' });
  });
  await inTurns(world.phoneNumbers.list(), (number) => {
    if (waits(number)) enqueue.phoneNumber(keyOf(number.metadata), { priority: 'Low' });
  });
}

/** What stands in a first list and was settled before comes after all that is new. */
function priorityOf(
  after: Raw<{ observedGeneration?: number | undefined }> | undefined,
  origin: ChangeOrigin,
): Priority {
  if (after === undefined || origin === 'Watch' || origin === 'Own') return 'Normal';
  const { generation, deletionTimestamp } = after.metadata;
  const isSettled = after.status?.observedGeneration === generation && deletionTimestamp === undefined;
  return isSettled ? 'Low' : 'Normal';
}

/**
 * When tenants and numbers are to hear of a change of their runtime: after so many milliseconds, or
 * not at all (undefined). They see whether it is ready, its application, and the speech engines that it has.
 */
export function newsDelayMs(
  before: RawVoiceRuntime | undefined,
  after: RawVoiceRuntime | undefined,
): number | undefined {
  if (before === undefined || after === undefined) return 0;
  if (before.status?.connectionID !== after.status?.connectionID) return 0;
  if (!isDeepStrictEqual(speechEngineNames(before), speechEngineNames(after))) return 0;
  const [wasReady, isReady] = [before, after].map(takesCalls);
  if (wasReady === isReady) return undefined;
  return isReady ? 0 : RUNTIME_GRACE_MS;
}
