import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PROJECTED_FIELDS, PROJECTED_PREFIXES, projectionKeys } from '#crds/projection/keys.ts';
import { flushAll, startTopology, type TestTopology } from '#hack/testing/redis-topology.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { OfflineWorld } from '#operator/world/fakes/offline-world.ts';
import { FullPass } from './full-pass.ts';
import { projectionOf } from './projection-of.ts';
import { Projector } from './projector.ts';

/** More than two batches of a pass. */
const MANY = 120;
const PAUSED = { annotations: { 'veralux.io/paused': 'true' } };
const TOOL = { name: 'book', description: 'Books.', url: 'https://tools.example.com/' };
const DELETED = { deletionTimestamp: '2026-01-02T00:00:00Z', finalizers: ['veralux.io/tenant'] };

let server: TestTopology;
let redis: Redis;

beforeAll(async () => {
  server = await startTopology('one server');
  ({ redis } = server);
});
afterAll(() => server.stop());
beforeEach(() => flushAll(redis));

/** Does something once, between a pass's reading of its first batch and its comparison. */
class InterruptedProjector extends Projector {
  interrupt: (() => Promise<void>) | undefined;

  override async readValues(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const values = await super.readValues(keys);
    const { interrupt } = this;
    this.interrupt = undefined;
    await interrupt?.();
    return values;
  }
}

function create() {
  const offline = new OfflineWorld();
  const source = projectionOf(offline.world);
  const projector = new InterruptedProjector({ redis, term: () => 1 });
  const drift: Record<string, number> = {};
  const pass = new FullPass({
    projector,
    source,
    prefixes: PROJECTED_PREFIXES,
    synced: [],
    elected: Promise.resolve(),
    raiseTermAbove: () => Promise.resolve(),
    mayAct: () => true,
    clock: new FakeClock(),
    log: silentLogger,
    onDrift: (kind, count) => {
      drift[kind] = count;
    },
    onLeft: () => {},
    onRestored: () => Promise.resolve(),
  });
  /** Writes a key as its controller would. */
  const project = async (key: string) => {
    const wish = source.wishFor(key);
    if (typeof wish === 'object') await projector.put(key, wish);
    else if (wish === undefined) await projector.remove(key);
  };
  const value = async (key: string) => {
    const text = await redis.hget(key, PROJECTED_FIELDS.value);
    return text === null ? undefined : (JSON.parse(text) as Record<string, unknown>);
  };
  return { offline, source, projector, drift, pass, project, value };
}

const nameOf = (index: number) => `t${String(index).padStart(3, '0')}`;
const numberOf = (index: number) => `+1303555${String(index).padStart(4, '0')}`;

describe('while a pass is under way', () => {
  test('a Tenant whose cached object is replaced keeps its profile', async () => {
    const { offline, pass, project, projector, value, drift } = create();
    const ids = Array.from({ length: MANY }, (_, index) => offline.tenant(nameOf(index)));
    for (const id of ids) await project(projectionKeys.tenant(id));
    // A status write: nothing is projected anew for it.
    projector.interrupt = async () => {
      for (let index = 0; index < MANY; index += 1) offline.tenant(nameOf(index));
    };
    await pass.passIfNeeded();
    for (const [index, id] of ids.entries()) {
      expect(await value(projectionKeys.tenant(id))).toMatchObject({ name: nameOf(index) });
    }
    expect(drift).toEqual({ missing: 0, different: 0, unwanted: 0 });
  });

  test('what is changed, made and deleted has the last word', async () => {
    const { offline, pass, project, projector, value } = create();
    for (let index = 0; index < MANY; index += 1) {
      offline.home(nameOf(index), offline.tenant(nameOf(index)));
      offline.phoneNumber(nameOf(index), numberOf(index), 'lead');
      await project(projectionKeys.did(numberOf(index)));
    }
    const [changed, deleted, made] = [MANY - 1, MANY - 2, MANY];
    const key = (index: number) => projectionKeys.did(numberOf(index));
    projector.interrupt = async () => {
      offline.phoneNumber(nameOf(changed), numberOf(changed), 'support');
      await project(key(changed));
      offline.phoneNumber(nameOf(deleted), numberOf(deleted), 'lead', DELETED);
      await project(key(deleted));
      offline.home(nameOf(made), offline.tenant(nameOf(made)));
      offline.phoneNumber(nameOf(made), numberOf(made), 'lead');
      await project(key(made));
    };
    await pass.passIfNeeded();
    expect(await value(key(changed))).toMatchObject({ workflow: 'support' });
    expect(await value(key(deleted))).toBeUndefined();
    expect(await value(key(made))).toMatchObject({ workflow: 'lead' });
    expect(await value(key(0))).toMatchObject({ workflow: 'lead' });
  });

  test('what was found to be unwanted, and is wanted again before it is removed, stays', async () => {
    const { offline, pass, project, projector, value } = create();
    const id = offline.tenant('acme');
    const key = projectionKeys.tenant(id);
    await project(key);
    offline.tenant('acme', {}, DELETED);
    projector.interrupt = async () => {
      offline.tenant('acme', { displayName: 'made anew' }, { uid: 'another' });
    };
    await pass.passIfNeeded();
    expect(await value(key)).toMatchObject({ name: 'acme' });
  });
});

describe('what Redis should hold of', () => {
  const ID = '11111111-2222-4333-8444-555555555555';

  test.each([
    ['a Tenant', {}, {}, 'value'],
    ['one that is being deleted', {}, DELETED, undefined],
    ['one that is paused', {}, PAUSED, 'keep'],
    ['one that is paused and being deleted', {}, { ...PAUSED, ...DELETED }, 'keep'],
    ['one whose time zone does not exist', { timeZone: 'Nowhere/Town' }, {}, 'keep'],
    ['one whose spec cannot be used', { plan: 'None' }, {}, 'keep'],
  ])('%s', (_what, spec, metadata, expected) => {
    const { offline, source } = create();
    offline.tenant('acme', { tenantID: ID, ...spec }, metadata);
    const wish = source.wishFor(projectionKeys.tenant(ID));
    expect(typeof wish === 'object' ? 'value' : wish).toBe(expected);
  });

  const TOOLS = { tools: [{ ...TOOL, secretRef: { name: 'booking', key: 'token' } }] };
  test.each([
    ['a Tenant that refers to nothing', { tools: [TOOL] }, {}, undefined],
    ['a Tenant that refers to something', TOOLS, {}, 'keep'],
    ['one that is being deleted, whose calls go on', TOOLS, DELETED, 'keep'],
    ['one that is paused', {}, PAUSED, 'keep'],
    ['one whose spec cannot be used', { ...TOOLS, plan: 'None' }, {}, 'keep'],
  ])('what %s', (_what, spec, metadata, expected) => {
    const { offline, source } = create();
    offline.tenant('acme', { tenantID: ID, ...spec }, metadata);
    expect(source.wishFor(projectionKeys.tenantTools(ID))).toBe(expected);
  });

  test('a Tenant that is refused because rows are kept under its id', () => {
    const { offline, source } = create();
    offline.keptRows(ID);
    offline.tenant('acme', { tenantID: ID });
    expect(source.wishFor(projectionKeys.tenant(ID))).toBe('keep');
    offline.tenant('acme', { tenantID: ID }, { annotations: { 'veralux.io/adopt-data': 'true' } });
    expect(source.wishFor(projectionKeys.tenant(ID))).toMatchObject({ name: 'acme' });
  });

  test.each([
    ['a PhoneNumber', {}, 'value'],
    ['one that is being deleted', DELETED, undefined],
    ['one that is paused', PAUSED, 'keep'],
    ['one that is paused and being deleted', { ...PAUSED, ...DELETED }, 'keep'],
  ])('%s', (_what, metadata, expected) => {
    const { offline, source } = create();
    offline.home('acme', offline.tenant('acme'));
    offline.phoneNumber('acme', '+13035550100', 'lead', metadata);
    const wish = source.wishFor(projectionKeys.did('+13035550100'));
    expect(typeof wish === 'object' ? 'value' : wish).toBe(expected);
  });

  test('a number that several PhoneNumbers say is theirs', () => {
    const { offline, source } = create();
    for (const name of ['a', 'b']) {
      offline.home(name, offline.tenant(name));
      offline.phoneNumber(name, '+13035550100', 'lead');
    }
    expect(source.wishFor(projectionKeys.did('+13035550100'))).toBe('keep');
    offline.phoneNumber('b', '+13035550100', 'lead', DELETED);
    expect(source.wishFor(projectionKeys.did('+13035550100'))).toMatchObject({ number: '+13035550100' });
  });

  test('nothing, and keys that are not ours', () => {
    const { source } = create();
    expect(source.wishFor(projectionKeys.did('+13035550100'))).toBeUndefined();
    expect(source.wishFor('tenant:odd')).toBeUndefined();
  });
});
