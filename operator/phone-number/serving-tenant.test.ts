import { expect, test } from 'vitest';
import { OfflineWorld } from '#operator/world/fakes/offline-world.ts';
import { servingTenant } from './serving-tenant.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const NUMBER = '+13035550100';
const KEPT = { spec: {}, metadata: {}, areRowsKept: true };

/** What serves the number of the Tenant `acme`: its id, or why there is none. */
function servingOf({ spec = {}, metadata = {}, areRowsKept = false }): string {
  const offline = new OfflineWorld();
  if (areRowsKept) offline.keptRows(ID);
  offline.home('acme', offline.tenant('acme', { tenantID: ID, ...spec }, metadata));
  offline.phoneNumber('acme', NUMBER, 'lead');
  const raw = offline.world.phoneNumbers.get('tenant-acme/main');
  if (raw === undefined) throw new Error('there is no PhoneNumber');
  const serving = servingTenant(offline.world, raw);
  return typeof serving === 'string' ? serving : serving.id;
}

test('a Tenant’s numbers are served by it', () => {
  expect(servingOf({})).toBe(ID);
});

test.each([
  ['is being deleted', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, 'is being deleted'],
  ['has a spec that cannot be used', { spec: { plan: 'None' } }, 'is refused. spec.plan: '],
  ['names a time zone that does not exist', { spec: { timeZone: 'Nowhere/Town' } }, 'Nowhere/Town'],
  ['would get rows that are kept of another', KEPT, 'are kept under the id'],
])('where a Tenant %s, a sentence says so', (_what, circumstances, words) => {
  expect(servingOf(circumstances)).toContain(words);
});

test('rows that the Tenant may adopt are no hindrance', () => {
  expect(servingOf({ ...KEPT, metadata: { annotations: { 'veralux.io/adopt-data': 'true' } } })).toBe(ID);
});
