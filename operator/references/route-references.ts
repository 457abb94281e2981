import { isDeepStrictEqual } from 'node:util';
import { keyOf } from '#lib/kube/kube-object.ts';
import { tenantNamespace } from '#operator/installation/names.ts';
import { callTokensRef } from '#operator/voice-runtime/call-token-secret.ts';
import type { RawTenant } from '#operator/world/raw-objects.ts';
import type { World } from '#operator/world/world.ts';
import { referencesOf, refersToAnything } from './references-of.ts';

const TENANTS_PREFIX = tenantNamespace('');

/** Says which Tenants have to be looked at again when something changes that they refer to. */
export function routeReferences(world: World, enqueue: (tenant: string) => void): void {
  const tenantThat = (refers: (tenant: RawTenant) => boolean, namespace: string) => {
    if (!namespace.startsWith(TENANTS_PREFIX)) return;
    const tenant = world.tenants.get(namespace.slice(TENANTS_PREFIX.length));
    if (tenant !== undefined && refers(tenant)) enqueue(tenant.metadata.name);
  };
  /** Their tokens are sealed for its pods. */
  const tenantsOf = (runtime: string) => {
    for (const key of world.tenantsByRuntime.keys(runtime)) {
      const tenant = world.tenants.get(key);
      if (tenant !== undefined && refersToAnything(tenant)) enqueue(key);
    }
  };
  world.named.onSecret((namespace, name) => {
    tenantThat((tenant) => referencesOf(tenant).secrets.includes(name), namespace);
    for (const runtime of world.runtimes.list()) {
      if (isDeepStrictEqual(callTokensRef(runtime), { namespace, name })) tenantsOf(keyOf(runtime.metadata));
    }
  });
  world.named.onConfigMap((namespace, name) => {
    tenantThat((tenant) => referencesOf(tenant).configMaps.includes(name), namespace);
  });
  world.runtimes.onChange((key, before, after, origin) => {
    if (origin === 'Initial') return;
    const [was, is] = [before, after].map((runtime) => [runtime?.spec?.['mode'], callTokensRef(runtime)]);
    if (!isDeepStrictEqual(was, is)) tenantsOf(key);
  });
}
