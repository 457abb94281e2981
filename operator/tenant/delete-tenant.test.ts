import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { RawTenant } from '#operator/world/raw-objects.ts';
import type { KnownNamespace } from '#operator/world/trimmed.ts';
import { deleteTenant } from './delete-tenant.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const REFUSED = new KubeError({ status: 403, reason: 'Forbidden', message: 'policy theirs says no' });

/** A Tenant without numbers or calls whose end the cluster refuses at one step, until it relents. */
function open({ withNamespace }: { withNamespace: boolean }) {
  let tenant: RawTenant = {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: {
      name: 'acme',
      uid: 'u',
      resourceVersion: '1',
      deletionTimestamp: '2026-01-01T00:00:00Z',
      finalizers: ['veralux.io/tenant', 'veralux.io/data'],
    },
    spec: { tenantID: ID },
  };
  const labels = {
    'app.kubernetes.io/managed-by': 'veralux-operator',
    'veralux.io/tenant': 'acme',
    'veralux.io/tenant-id': ID,
  };
  const namespace: KnownNamespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'tenant-acme', uid: 'n', labels },
  };
  let refuses = true;
  const statuses: unknown[] = [];
  const answer = async () => {
    if (refuses) throw REFUSED;
  };
  const dependencies = {
    world: {
      installationID: 'here',
      tenants: { get: () => tenant, observe: () => true },
      namespaces: { get: () => (withNamespace ? namespace : undefined) },
      numbersByNamespace: { keys: () => [] },
      holderOfID: () => tenant,
      runtimes: { get: () => undefined },
    },
    client: {
      delete: answer,
      mergePatch: answer,
      patchStatus: async (_resource: unknown, _ref: unknown, status: object) => {
        tenant = { ...tenant, status };
        statuses.push(status);
        return tenant;
      },
    },
    projector: { remove: async () => undefined, erase: async () => undefined },
    redis: { zcount: async () => 0 },
    clock: new FakeClock(),
  } as unknown as TenantDependencies;
  const signal = new AbortController().signal;
  return {
    statuses,
    relent: () => {
      refuses = false;
    },
    look: () => deleteTenant(tenant, dependencies, { signal, log: silentLogger }),
    ready: () => tenant.status?.conditions?.find(({ type }) => type === 'Ready'),
  };
}

test('a namespace that may not be deleted is what the end says it waits for', async () => {
  const { look, ready, relent } = open({ withNamespace: true });
  expect(await look()).toEqual({ requeueAfterMs: 30_000 });
  expect(ready()).toMatchObject({
    reason: 'Deleting',
    message: expect.stringContaining('delete the namespace tenant-acme: policy theirs says no'),
  });
  relent();
  await look();
  expect(ready()?.message).toContain('Waiting for the namespace tenant-acme to be gone');
});

test('a finalizer that may not be removed is said once, and no longer when it may', async () => {
  const { look, ready, relent, statuses } = open({ withNamespace: false });
  for (let round = 0; round < 3; round += 1) expect(await look()).toEqual({ requeueAfterMs: 30_000 });
  expect(ready()?.message).toContain('remove its finalizer veralux.io/tenant');
  expect(ready()?.message).toContain('policy theirs says no');
  // That all is gone, and then the refusal: not both again at each look.
  expect(statuses).toHaveLength(2);
  relent();
  expect(await look()).toEqual({});
  expect(ready()?.message).toContain('The API server keeps its calls, leads and usage');
});
