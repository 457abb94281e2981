import { keyOf } from '#lib/kube/kube-object.ts';
import { isTrue } from '#operator/engine/conditions.ts';
import { isPlatform, LABELS, tenantNamespace } from './installation/names.ts';
import { tenantIDOf } from './world/tenant-id.ts';
import type { RawVoiceRuntime, World } from './world/world.ts';

export interface Enqueue {
  readonly tenant: (key: string, delayMs?: number) => void;
  readonly phoneNumber: (key: string, delayMs?: number) => void;
  readonly runtime: (key: string) => void;
}

/**
 * How long a runtime must be gone before its tenants hear of it: ten thousand statuses are not
 * written twice because heartbeats stayed out for some seconds. Its own status says it at once.
 */
const RUNTIME_GRACE_MS = 30_000;

/** Says for each change which objects have to be looked at again. Only notes keys down. */
export function routeChanges(world: World, enqueue: Enqueue): void {
  const numbersIn = (namespace: string, delayMs?: number) => {
    for (const key of world.numbersByNamespace.keys(namespace)) enqueue.phoneNumber(key, delayMs);
  };

  world.tenants.onChange((key, before, after) => {
    enqueue.tenant(key);
    const isSameSpec =
      before?.metadata.generation === after?.metadata.generation &&
      before?.metadata.deletionTimestamp === after?.metadata.deletionTimestamp;
    if (!isSameSpec) numbersIn(tenantNamespace(key));
    if (before === undefined || after !== undefined) return;
    // A Tenant that was refused because of this one's id may be served now.
    const rivals = world.tenantsByID.keys(tenantIDOf(world.installationID, before));
    for (const rival of rivals) enqueue.tenant(rival);
  });

  world.phoneNumbers.onChange((key, before, after) => {
    enqueue.phoneNumber(key);
    if (before !== undefined && after !== undefined) return;
    const namespace = (before ?? after)?.metadata.namespace;
    if (namespace === undefined) return;
    const tenant = world.namespaces.get(namespace)?.metadata.labels?.[LABELS.tenant];
    if (tenant !== undefined) enqueue.tenant(tenant);
    // One that the tenant's limit kept waiting may have its place now.
    if (after === undefined) numbersIn(namespace);
  });

  world.runtimes.onChange((key, before, after) => {
    enqueue.runtime(key);
    const delayMs = newsDelayMs(before, after);
    if (delayMs === undefined) return;
    for (const tenant of world.tenantsByRuntime.keys(key)) {
      enqueue.tenant(tenant, delayMs);
      numbersIn(tenantNamespace(tenant), delayMs);
    }
  });

  world.namespaces.onChange((name, before, after) => {
    if (isPlatform(before) !== isPlatform(after)) {
      const runtimes = world.runtimes.list().filter(({ metadata }) => metadata.namespace === name);
      for (const { metadata } of runtimes) enqueue.runtime(keyOf(metadata));
    }
    const prefix = tenantNamespace('');
    if (!name.startsWith(prefix)) return;
    enqueue.tenant(name.slice(prefix.length));
    if (before === undefined || after === undefined) numbersIn(name);
  });

  world.serviceAccounts.onChange((_key, before, after) => {
    const tenant = (after ?? before)?.metadata.labels?.[LABELS.tenant];
    if (tenant !== undefined) enqueue.tenant(tenant);
  });
}

/**
 * When tenants and numbers are to hear of a change of their runtime: after so many milliseconds, or
 * not at all (undefined). They see whether it is ready, and its application.
 */
export function newsDelayMs(
  before: RawVoiceRuntime | undefined,
  after: RawVoiceRuntime | undefined,
): number | undefined {
  if (before === undefined || after === undefined) return 0;
  if (before.status?.connectionID !== after.status?.connectionID) return 0;
  const [wasReady, isReady] = [before, after].map(({ status }) => isTrue(status?.conditions, 'Ready'));
  if (wasReady === isReady) return undefined;
  return isReady ? 0 : RUNTIME_GRACE_MS;
}
