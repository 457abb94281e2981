import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PolicedCluster, refusalOf, type User } from '#hack/testing/policed-cluster.ts';
import { CONFIG_MAPS, collectionPath, NAMESPACES, type Resource, SECRETS } from '#lib/kube/resource.ts';

const OPTIONS = { fieldManager: 'test' };
const SYSTEM = 'veralux-system';
const ALLOW_DELETE = { metadata: { annotations: { 'veralux.io/allow-delete': 'true' } } };
const RESTORED = { 'veralux.io/restored': 'true' };
const ID = '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19';

let cluster: PolicedCluster;
beforeAll(async () => {
  cluster = await PolicedCluster.start();
});
afterAll(() => cluster.stop());

/** Requests on one ConfigMap or Secret of the operator's namespace; each resolves to its refusal. */
function on(resource: Resource, name: string) {
  const ref = { namespace: SYSTEM, name };
  return {
    create: (user: User, fields: object = {}, metadata: object = {}) => {
      const object = { apiVersion: 'v1', kind: resource.kind, metadata: { ...ref, ...metadata }, ...fields };
      return refusalOf(cluster.as(user).create(resource, object));
    },
    change: (user: User, patch: Readonly<Record<string, unknown>>) =>
      refusalOf(cluster.as(user).mergePatch(resource, ref, patch, OPTIONS)),
    remove: (user: User) => refusalOf(cluster.as(user).delete(resource, ref)),
  };
}

describe.each<[what: string, name: string, writer: User, others: User]>([
  ['the claim on a number', 'number-13125550142', 'operator', 'apiserver'],
  ['the record of kept rows', `retained-${ID}`, 'apiserver', 'operator'],
])('%s', (_what, name, writer, others) => {
  const record = on(CONFIG_MAPS, name);

  test('is made, changed and deleted by its one writer', async () => {
    expect(await record.create('person')).toContain(`is a record that only veralux-${writer} makes`);
    expect(await record.create(others)).toContain(`only veralux-${writer} makes`);
    expect(await record.create(writer)).toBeUndefined();
    const change = { data: { tenantID: ID }, metadata: { labels: { a: 'b' } } };
    expect(await record.change('person', change)).toContain(`only veralux-${writer} changes`);
    expect(await record.change(others, change)).toContain(`only veralux-${writer} changes`);
    expect(await record.change(writer, change)).toBeUndefined();
    expect(await record.remove('person')).toContain('annotate it veralux.io/allow-delete=true first');
    expect(await record.remove(others)).toContain(`only veralux-${writer} deletes`);
    expect(await record.remove(writer)).toBeUndefined();
  });

  test('is deleted by people who annotated it before, and put back from a backup', async () => {
    expect(await record.create('person', {}, { annotations: RESTORED })).toBeUndefined();
    expect(await record.change('person', { ...ALLOW_DELETE, data: { x: 'y' } })).toContain(
      'people may annotate it',
    );
    expect(await record.change('person', { immutable: true })).toContain('people may annotate it');
    expect(await record.change('person', ALLOW_DELETE)).toBeUndefined();
    expect(await record.remove('person')).toBeUndefined();
  });
});

test('a record that people’s own tools would sweep away with all ConfigMaps stays', async () => {
  const record = on(CONFIG_MAPS, 'number-13125550177');
  await record.create('operator');
  const path = collectionPath(CONFIG_MAPS, SYSTEM);
  await expect(cluster.kubectl('delete', `--raw=${path}`)).rejects.toThrow('number-13125550177');
  expect(await record.remove('operator')).toBeUndefined();
});

describe.each<[what: string, resource: Resource, name: string, field: object]>([
  ['the installation’s id', CONFIG_MAPS, 'veralux-installation', { data: { installationID: ID } }],
  ['the master key', SECRETS, 'veralux-keys', { data: { master: 'AAAA' } }],
])('%s', (_what, resource, name, field) => {
  const record = on(resource, name);

  test('is made once, by the operator, and changed by nobody', async () => {
    expect(await record.create('person', field)).toContain('only veralux-operator makes');
    expect(await record.create('apiserver', field)).toContain('only veralux-operator makes');
    expect(await record.create('operator', field)).toBeUndefined();
    const change = { data: { x: 'AAAA' } };
    for (const user of ['person', 'operator', 'apiserver'] as const) {
      expect(await record.change(user, change)).toContain('never changes');
      expect(await record.change(user, { metadata: { labels: { a: 'b' } } })).toContain('never changes');
      expect(await record.remove(user)).toContain('annotate it veralux.io/allow-delete=true first');
    }
  });

  test('is replaced from a backup in two deliberate steps', async () => {
    expect(await record.change('person', ALLOW_DELETE)).toBeUndefined();
    expect(await record.remove('person')).toBeUndefined();
    expect(await record.create('person', field, { annotations: RESTORED })).toBeUndefined();
  });
});

test('other ConfigMaps and Secrets there, and records’ names elsewhere, are anybody’s', async () => {
  for (const resource of [CONFIG_MAPS, SECRETS]) {
    const other = on(resource, 'other');
    expect(await other.create('person')).toBeUndefined();
    expect(await other.change('person', { data: { a: 'AAAA' } })).toBeUndefined();
    expect(await other.remove('person')).toBeUndefined();
  }
  const elsewhere = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'number-one' },
  };
  expect(await refusalOf(cluster.as('person').create(CONFIG_MAPS, elsewhere))).toBeUndefined();
});

describe('a Secret that is copied to tenants', () => {
  const COPY = { 'veralux.io/copy-to-tenants': 'true' };
  const make = (name: string, fields: object = {}, metadata: object = {}) =>
    on(SECRETS, name).create('person', fields, { labels: COPY, ...metadata });

  test('is one of the operator’s namespace', async () => {
    expect(await make('registry', { data: { token: 'AAAA' } })).toBeUndefined();
    expect(await make('registry', {}, { namespace: 'default' })).toContain('and registry is in default');
  });

  test.each<[what: string, name: string, fields: object, words: string]>([
    ['Telnyx, by its name', 'my-telnyx', {}, 'my-telnyx looks like a credential of the platform'],
    ['Stripe, by a key', 'billing', { data: { STRIPE_SECRET_KEY: 'AAAA' } }, 'STRIPE_SECRET_KEY looks like'],
    ['tokens, by a key', 'auth', { stringData: { jwtSecret: 'x' } }, 'jwtSecret looks like'],
    ['Redis, by a key', 'store', { data: { redisURL: 'AAAA', other: 'AAAA' } }, 'redisURL looks like'],
    ['Postgres, by its name', 'postgres-app', {}, 'postgres-app looks like'],
    ['a database, by a key', 'app', { data: { DATABASE_URL: 'AAAA' } }, 'DATABASE_URL looks like'],
    ['the platform itself', 'veralux-admin', {}, 'the platform’s own'],
    ['a tenant’s own, by its name', 'tenant-keys', {}, 'the platform’s own'],
    [
      'a service account',
      'sa',
      { type: 'kubernetes.io/service-account-token' },
      'kubernetes.io/service-account-token',
    ],
  ])('is not one of %s', async (_what, name, fields, words) => {
    const annotations = { 'kubernetes.io/service-account.name': 'default' };
    expect(await make(name, fields, { annotations })).toContain(words);
  });

  test('is not one that the operator made', async () => {
    const labels = { ...COPY, 'app.kubernetes.io/managed-by': 'veralux-operator' };
    expect(await make('made', {}, { labels })).toContain('the platform’s own');
  });

  test('cannot be labelled afterwards either, nor given such a key, and can be unlabelled', async () => {
    const late = on(SECRETS, 'late');
    expect(await late.create('person', { data: { redisURL: 'AAAA' } })).toBeUndefined();
    expect(await late.change('person', { metadata: { labels: COPY } })).toContain('redisURL');
    expect(
      await late.change('person', { data: { redisURL: null }, metadata: { labels: COPY } }),
    ).toBeUndefined();
    expect(await late.change('person', { data: { redisURL: 'AAAA' } })).toContain('redisURL');
    const unlabelled = { metadata: { labels: { 'veralux.io/copy-to-tenants': null } } };
    expect(await late.change('person', { ...unlabelled, data: { redisURL: 'AAAA' } })).toBeUndefined();
    const labels = { 'veralux.io/copy-to-tenants': 'yes' };
    expect(await late.change('person', { data: null, metadata: { labels } })).toContain(
      'is "true" or absent',
    );
  });
});

test('a platform namespace that is meant to go takes its records with it', async () => {
  await on(CONFIG_MAPS, 'number-13125550199').create('operator');
  const finalizers = ['example.com/look'];
  await on(CONFIG_MAPS, 'last').create('person', {}, { finalizers });
  await cluster.as('person').mergePatch(NAMESPACES, { name: SYSTEM }, ALLOW_DELETE, OPTIONS);
  await cluster.as('person').delete(NAMESPACES, { name: SYSTEM });
  const names = () => cluster.kubectl('get', 'configmaps,secrets', `--namespace=${SYSTEM}`, '--output=name');
  await expect.poll(names, { timeout: 15_000 }).toBe('configmap/last\n');
  await on(CONFIG_MAPS, 'last').change('person', { metadata: { finalizers: null } });
});
