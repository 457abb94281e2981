import { isTrue } from '#operator/engine/conditions.ts';
import { LABELS, tenantNamespace } from './installation/names.ts';
import { tenantIDOf } from './world/tenant-id.ts';
import type { RawVoiceRuntime, World } from './world/world.ts';

export interface Enqueue {
  readonly tenant: (key: string) => void;
  readonly phoneNumber: (key: string) => void;
  readonly runtime: (key: string) => void;
}

/** Says for each change which objects have to be looked at again. Only notes keys down. */
export function routeChanges(world: World, enqueue: Enqueue): void {
  const numbersIn = (namespace: string) => {
    for (const key of world.numbersByNamespace.keys(namespace)) enqueue.phoneNumber(key);
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
    if (isSameToOthers(before, after)) return;
    for (const tenant of world.tenantsByRuntime.keys(key)) {
      enqueue.tenant(tenant);
      numbersIn(tenantNamespace(tenant));
    }
  });

  world.namespaces.onChange((name, before, after) => {
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

/** What tenants and numbers see of a runtime: whether it is ready, and its application. */
function isSameToOthers(before: RawVoiceRuntime | undefined, after: RawVoiceRuntime | undefined): boolean {
  return (
    before !== undefined &&
    after !== undefined &&
    before.status?.connectionID === after.status?.connectionID &&
    isTrue(before.status?.conditions, 'Ready') === isTrue(after.status?.conditions, 'Ready')
  );
}
