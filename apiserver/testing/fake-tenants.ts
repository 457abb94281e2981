import { randomUUID } from 'node:crypto';
import { TENANT, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { apiVersionOf } from '#lib/kube/resource.ts';
import type { LiveTenant } from '../configuration/live-tenant.ts';
import type { RouteDeps } from '../routes.ts';

/**
 * As much of a cluster as routes need whose tests are about something else: Tenants by name, without
 * field managers. What the API server does with those is tested against a real one.
 */
export class FakeTenants {
  readonly #tenants = new Map<string, LiveTenant>();

  /** A replica that has seen nothing yet reads live. */
  readonly informer = { get: () => undefined };

  readonly kube = {
    get: async (_resource: unknown, { name }: { name: string }) => this.#tenants.get(name),
    apply: async (
      _resource: unknown,
      { metadata, spec }: { metadata: { name: string }; spec: LiveTenant['spec'] },
    ) => this.set(metadata.name, spec),
    mergePatch: async (_resource: unknown, { name }: { name: string }) => this.#tenants.get(name),
    // It would be there until its finalizers are gone.
    delete: async () => true,
  } as unknown as RouteDeps['kube'];

  add({ name, tenantID }: { readonly name: string; readonly tenantID: string }): void {
    const metadata = { name, uid: randomUUID(), generation: 0, resourceVersion: '0' };
    this.#tenants.set(name, { apiVersion: apiVersionOf(TENANT), kind: TENANT.kind, metadata, spec: {} });
    this.set(name, { tenantID, displayName: name });
  }

  /** Gives fields of a Tenant's spec new values. */
  set(name: string, spec: LiveTenant['spec']): LiveTenant {
    const before = this.#tenants.get(name);
    if (!before) throw new Error(`there is no Tenant ${name}`);
    const generation = (before.metadata.generation ?? 0) + 1;
    const written = {
      ...before,
      metadata: { ...before.metadata, generation, resourceVersion: String(generation) },
      spec: tenantSpecSchema.parse({ ...before.spec, ...spec }),
    };
    this.#tenants.set(name, written);
    return written;
  }
}
