import { describe, expect, test } from 'vitest';
import { newsDelayMs, routeChanges } from './route-changes.ts';
import { OfflineWorld } from './world/fakes/offline-world.ts';
import type { RawVoiceRuntime } from './world/raw-objects.ts';

function runtime(status: 'True' | 'False', connectionID = 'c1', activeCalls = 0): RawVoiceRuntime {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const all = { status, reason: 'Any', message: 'any', lastTransitionTime };
  const conditions = ['Available', 'TelnyxConfigured'].map((type) => ({ type, ...all }));
  return {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name: 'shared', namespace: 'veralux-system' },
    status: { connectionID, activeCalls, conditions },
  };
}

const ENGINES = { tts: { type: 'Kokoro', endpoint: 'http://kokoro:8880' } };

test.each([
  ['appears', undefined, runtime('True'), 0],
  ['is deleted', runtime('True'), undefined, 0],
  ['becomes ready', runtime('False'), runtime('True'), 0],
  ['gets another application', runtime('True'), runtime('True', 'c2'), 0],
  ['goes down with another application', runtime('True'), runtime('False', 'c2'), 0],
  ['gets another speech engine', runtime('True'), { ...runtime('True'), spec: { engines: ENGINES } }, 0],
  ['goes down', runtime('True'), runtime('False'), 30_000],
  ['has more calls', runtime('True'), runtime('True', 'c1', 7), undefined],
  ['stays down', runtime('False'), runtime('False', 'c1', 7), undefined],
])('when a runtime %s, its tenants hear of it in due time', (_case, before, after, delayMs) => {
  expect(newsDelayMs(before, after)).toBe(delayMs);
});

/** What was enqueued since it was last asked, each once. */
function create() {
  const offline = new OfflineWorld();
  let enqueued = new Set<string>();
  routeChanges(offline.world, {
    tenant: (key) => enqueued.add(`tenant ${key}`),
    phoneNumber: (key) => enqueued.add(`number ${key}`),
    runtime: (key) => enqueued.add(`runtime ${key}`),
    sharedSecret: (key) => enqueued.add(`secret ${key}`),
  });
  const take = () => {
    const taken = [...enqueued].toSorted();
    enqueued = new Set();
    return taken;
  };
  return { offline, take };
}

describe('several Tenants of one id', () => {
  const ID = '11111111-2222-4333-8444-555555555555';

  test('all look again, with their numbers, at whatever may change whose it is', () => {
    const { offline, take } = create();
    offline.tenant('b', { tenantID: ID });
    offline.phoneNumber('b', '+13035550100', 'lead');
    take();
    offline.tenant('a', { tenantID: ID });
    expect(take()).toEqual(['number tenant-b/main', 'tenant a', 'tenant b']);
    offline.tenant('a', { tenantID: ID }, { finalizers: ['veralux.io/tenant'], generation: 1 });
    expect(take()).toEqual(expect.arrayContaining(['number tenant-b/main', 'tenant b']));
    offline.home('b', ID);
    expect(take()).toEqual(['number tenant-b/main', 'tenant a', 'tenant b']);
    // A status, or what else the API server writes.
    offline.tenant('a', { tenantID: ID }, { finalizers: ['veralux.io/tenant'], generation: 1 });
    expect(take()).toEqual([]);
  });

  test('a Tenant alone with its id is looked at for itself', () => {
    const { offline, take } = create();
    const id = offline.tenant('a');
    expect(take()).toEqual(['tenant a']);
    offline.home('a', id);
    expect(take()).toEqual([]);
  });
});

test('the numbers in a namespace look again when it is made for another', () => {
  const { offline, take } = create();
  const id = offline.tenant('a');
  offline.home('a', 'another');
  offline.phoneNumber('a', '+13035550100', 'lead');
  take();
  offline.home('a', id);
  expect(take()).toContain('number tenant-a/main');
});

test('the numbers of a Tenant look again when rows are kept under its id, and when it may adopt them', () => {
  const { offline, take } = create();
  const generation = { generation: 1 };
  const id = offline.tenant('a', {}, generation);
  offline.phoneNumber('a', '+13035550100', 'lead');
  take();
  offline.keptRows(id);
  expect(take()).toEqual(['number tenant-a/main', 'tenant a']);
  offline.tenant('a', {}, { ...generation, annotations: { 'veralux.io/adopt-data': 'true' } });
  expect(take()).toEqual(['number tenant-a/main', 'tenant a']);
});

test('all Tenants look again when a shared Secret has another value, and not when somebody touches it', () => {
  const { offline, take } = create();
  offline.tenant('a');
  offline.sharedSecret('ca', { ca: 'YQ==' });
  take();
  offline.sharedSecret('ca', { ca: 'YQ==' }, { annotations: { touched: 'true' } });
  expect(take()).toEqual(['secret veralux-system/ca']);
  offline.sharedSecret('ca', { ca: 'Yg==' });
  expect(take()).toEqual(['secret veralux-system/ca', 'tenant a']);
});

describe('a Tenant that refers to Secrets', () => {
  const tool = { name: 'book', description: 'Any.', url: 'https://tools.example.com/' };
  const tools = [{ ...tool, secretRef: { name: 'booking', key: 'token' } }];

  test('looks again when one of them changes, and when no other does', () => {
    const { offline, take } = create();
    offline.tenant('a', { tools });
    offline.tenant('b', { tools: [tool] });
    take();
    for (const tenant of ['a', 'b']) offline.secret(`tenant-${tenant}`, 'other');
    expect(take()).toEqual([]);
    for (const tenant of ['a', 'b']) offline.secret(`tenant-${tenant}`, 'booking');
    expect(take()).toEqual(['tenant a']);
  });

  test('looks again when the secret of its runtime is another', () => {
    const { offline, take } = create();
    const external = { mode: 'External', callTokens: { secretRef: { name: 'calls' } } };
    offline.tenant('a', { tools });
    offline.tenant('b');
    offline.runtime('shared', { mode: 'External' });
    take();
    offline.runtime('shared', external);
    expect(take()).toEqual(['runtime veralux-system/shared', 'tenant a']);
    offline.runtime('shared', { ...external, callsPerReplica: 7 });
    expect(take()).toEqual(['runtime veralux-system/shared']);
    offline.secret('veralux-system', 'calls');
    expect(take()).toEqual(['tenant a']);
  });
});
