import { expect, test } from 'vitest';
import { OfflineWorld } from './fakes/offline-world.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const SERVED = { finalizers: ['veralux.io/tenant'] };
const LATER = { creationTimestamp: '2026-02-01T00:00:00Z' };

const holderIn = ({ world }: OfflineWorld) => world.holderOfID(ID)?.metadata.name;

test('an id belongs to the oldest Tenant that has it, and by name among those of one second', () => {
  const offline = new OfflineWorld();
  expect(holderIn(offline)).toBeUndefined();
  offline.tenant('a', { tenantID: ID }, LATER);
  expect(holderIn(offline)).toBe('a');
  offline.tenant('c', { tenantID: ID });
  expect(holderIn(offline)).toBe('c');
  offline.tenant('b', { tenantID: ID });
  expect(holderIn(offline)).toBe('b');
});

test('one that was served keeps its id', () => {
  const offline = new OfflineWorld();
  offline.tenant('b', { tenantID: ID }, { ...LATER, ...SERVED });
  offline.tenant('a', { tenantID: ID });
  expect(holderIn(offline)).toBe('b');
});

test('after a restore, which makes all Tenants new, it is the one whose namespace was made for the id', () => {
  const offline = new OfflineWorld();
  offline.home('b', ID);
  offline.home('a', '99999999-2222-4333-8444-555555555555');
  offline.tenant('a', { tenantID: ID }, SERVED);
  offline.tenant('b', { tenantID: ID }, LATER);
  expect(holderIn(offline)).toBe('b');
});

test('a namespace is that of the Tenant with its name and its id, and of none that came after it', () => {
  const offline = new OfflineWorld();
  offline.home('acme', ID);
  expect(offline.world.tenantOfNamespace('tenant-acme')).toBeUndefined();
  offline.tenant('acme', { tenantID: ID });
  expect(offline.world.tenantOfNamespace('tenant-acme')?.metadata.name).toBe('acme');
  offline.tenant('acme', {}, { uid: 'made anew, with an id of its own' });
  expect(offline.world.tenantOfNamespace('tenant-acme')).toBeUndefined();
  expect(offline.world.tenantOfNamespace('default')).toBeUndefined();
});
