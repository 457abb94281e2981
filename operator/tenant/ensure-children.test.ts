import { expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { ChildCache } from '#operator/engine/child-cache.ts';
import { CHILD_NAMES } from '#operator/installation/names.ts';
import { TENANT_CHILD_KINDS } from '#operator/world/tenant-child-kinds.ts';
import type { World } from '#operator/world/world.ts';
import { ensureChildren } from './ensure-children.ts';
import { tenantChildren } from './tenant-children.ts';

/** A namespace in which every child that is created comes out as `deletionTimestamp` says. */
function look(deletionTimestamp: string | undefined) {
  const caches = new Map<string, ChildCache>();
  const client = {} as never;
  for (const kind of TENANT_CHILD_KINDS) {
    caches.set(kind.resource.plural, new ChildCache({ client, log: silentLogger, kind, names: CHILD_NAMES }));
  }
  const desired = tenantChildren({ name: 'acme', id: 'an-id' }, { access: [] }).slice(0, 1);
  for (const { resource, object } of desired) {
    const metadata = { ...object.metadata, uid: 'u', resourceVersion: '1', deletionTimestamp };
    caches.get(resource.plural)?.observe({ ...object, apiVersion: 'v1', kind: resource.kind, metadata });
  }
  const world = {
    childrenOf: ({ plural }: { plural: string }) => caches.get(plural),
    sharedSecrets: { leftOver: [] },
  } as unknown as World;
  return ensureChildren(
    {
      namespace: 'tenant-acme',
      desired,
      wereThere: true,
      signal: new AbortController().signal,
      tell: () => undefined,
    },
    { world, client: { apply: async () => Promise.reject(new Error('it is not to be written')) } as never },
  );
}

test('a child that is being deleted is not one that is there', async () => {
  expect(await look('2026-01-01T00:00:00Z')).toEqual([
    {
      reason: 'ChildTerminating',
      message: expect.stringContaining('ServiceAccount tenant is being deleted'),
    },
  ]);
});

test('one that is there and not as it is wanted is written', async () => {
  await expect(look(undefined)).rejects.toThrow('it is not to be written');
});
