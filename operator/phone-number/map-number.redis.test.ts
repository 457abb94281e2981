import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { phoneNumberSchema } from '#crds/phone-number/phone-number.ts';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { flushAll, startTopology, type TestTopology } from '#hack/testing/redis-topology.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { Projector } from '#operator/projection/projector.ts';
import { OfflineWorld } from '#operator/world/fakes/offline-world.ts';
import { verdict } from '#operator/world/verdict.ts';
import { mapNumber } from './map-number.ts';
import { servingTenant } from './serving-tenant.ts';

const NUMBER = '+13035550100';
const KEY = projectionKeys.did(NUMBER);

let server: TestTopology;
let redis: Redis;

beforeAll(async () => {
  server = await startTopology('one server');
  ({ redis } = server);
});
afterAll(() => server.stop());
beforeEach(() => flushAll(redis));

/** Tenants `a` and `b`; the number of `a` is owned, mapped, and then found to be claimed by another. */
async function create() {
  const offline = new OfflineWorld();
  const { world } = offline;
  for (const name of ['a', 'b']) offline.home(name, offline.tenant(name));
  offline.phoneNumber('a', NUMBER, 'lead');
  const projector = new Projector({ redis, term: () => 1 });
  const map = (tenant: string, reason: 'Owned' | 'NumberClaimed' | 'Ordering') => {
    const raw = world.phoneNumbers.get(`tenant-${tenant}/main`);
    const serving = raw === undefined ? '' : servingTenant(world, raw);
    if (typeof serving === 'string') throw new Error(serving);
    const isOwned = reason === 'Owned';
    const state = {
      purchased: verdict('Purchased', isOwned ? 'True' : 'False', reason, ''),
      assigned: verdict('Assigned', 'False', 'WaitingForNumber', ''),
      requeueAfterMs: 1,
      ...(isOwned ? { number: NUMBER } : {}),
    };
    return mapNumber(phoneNumberSchema.parse(raw), serving, state, { world, projector });
  };
  await map('a', 'Owned');
  const value = () => redis.hget(KEY, PROJECTED_FIELDS.value);
  return { offline, map, value };
}

test('a number that is claimed by another leads to its tenant no more', async () => {
  const { map, value } = await create();
  expect(await value()).toContain(NUMBER);
  expect((await map('a', 'NumberClaimed')).verdict.reason).toBe('WaitingForNumber');
  expect(await value()).toBeNull();
});

test('what whoever has it now wrote stays', async () => {
  const { offline, map, value } = await create();
  offline.phoneNumber('b', NUMBER, 'support');
  await map('b', 'Owned');
  await map('a', 'NumberClaimed');
  expect(await value()).toContain('"workflow":"support"');
});

test('so does what leads to another tenant, whose PhoneNumber does not show it yet', async () => {
  const { offline, map, value } = await create();
  offline.phoneNumber('b', NUMBER, 'support');
  await map('b', 'Owned');
  offline.phoneNumber('b', '+13035550199', 'support');
  await map('a', 'NumberClaimed');
  expect(await value()).toContain('"workflow":"support"');
});

test('a number whose order is still under way keeps what it has', async () => {
  const { map, value } = await create();
  await map('a', 'Ordering');
  expect(await value()).toContain(NUMBER);
});
