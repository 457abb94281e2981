import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import { KubeClient } from './kube-client.ts';
import { KubeConfig } from './kube-config-class.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { loadKubeConfig } from './load-kube-config.ts';
import { CONFIG_MAPS, RESOURCE_QUOTAS } from './resource.ts';

const NAMESPACE = 'kube-client';
let admin: KubeClient;

beforeAll(async () => {
  admin = new KubeClient({ config: loadKubeConfig(testCluster().kubeconfigPath), userAgent: 'test' });
  await testCluster().kubectl('create', 'namespace', NAMESPACE);
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => admin.close());

function configMap(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: NAMESPACE },
    data: { some: 'data' },
  };
}

/** How many TCP connections of this process are open to a port. */
function connectionsTo(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const established = '01';
  const inodes = new Set(
    readFileSync('/proc/self/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , remote, state]) => remote?.endsWith(`:${hex}`) === true && state === established)
      .map((columns) => `socket:[${columns[9]}]`),
  );
  return readdirSync('/proc/self/fd').filter((fd) => inodes.has(targetOf(`/proc/self/fd/${fd}`))).length;
}

/** What a link of /proc points to; the one with which the folder itself was read is gone by then. */
function targetOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test('1,500 requests at once share the few connections of one pool', async () => {
  const config = loadKubeConfig(testCluster().kubeconfigPath);
  const port = Number(new URL(config.getCurrentCluster()?.server ?? '').port);
  const before = connectionsTo(port);
  const client = new KubeClient({ config, userAgent: 'test', connections: 16 });
  let most = 0;
  const one = async () => {
    await client.get(CONFIG_MAPS, { namespace: NAMESPACE, name: 'none' });
    most = Math.max(most, connectionsTo(port) - before);
  };
  await Promise.all([
    ...Array.from({ length: 16 }, one),
    ...Array.from({ length: 1_500 }, () => client.get(CONFIG_MAPS, { namespace: NAMESPACE, name: 'none' })),
  ]);
  most = Math.max(most, connectionsTo(port) - before);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(16);
  await client.close();
});

test('apply is a server-side apply by its field manager, not a JSON patch', async () => {
  const applied = await admin.apply(CONFIG_MAPS, configMap('applied'), { fieldManager: 'one' });
  expect(applied.metadata.managedFields).toMatchObject([{ manager: 'one', operation: 'Apply' }]);
  const change = { ...configMap('applied'), data: { some: 'other data' } };
  await expect(admin.apply(CONFIG_MAPS, change, { fieldManager: 'two' })).rejects.toMatchObject({
    reason: 'Conflict',
  });
  const forced = await admin.apply(CONFIG_MAPS, change, { fieldManager: 'two', force: true });
  expect(forced).toMatchObject({ data: { some: 'other data' } });
});

test('a merge patch says what it is', async () => {
  await admin.create(CONFIG_MAPS, configMap('patched'));
  const ref = { namespace: NAMESPACE, name: 'patched' };
  const patch = { data: { more: 'data' } };
  expect(await admin.mergePatch(CONFIG_MAPS, ref, patch, { fieldManager: 'test' })).toMatchObject({
    data: { some: 'data', more: 'data' },
  });
});

test('a status for an object that was made anew under its name is refused', async () => {
  const ref = { name: 'anew', namespace: NAMESPACE };
  const make = () => {
    const quota: KubeObject = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: ref };
    return admin.create(RESOURCE_QUOTAS, quota);
  };
  const say = (uid: string | undefined) =>
    admin.patchStatus(RESOURCE_QUOTAS, { ...ref, uid }, { hard: { pods: '7' } }, { fieldManager: 'test' });
  const { uid: first } = (await make()).metadata;
  expect(await say(first)).toMatchObject({ status: { hard: { pods: '7' } } });
  await admin.delete(RESOURCE_QUOTAS, ref);
  await expect(say(first)).rejects.toMatchObject({ reason: 'NotFound' });
  await make();
  await expect(say(first)).rejects.toMatchObject({ reason: 'Invalid' });
  expect(await admin.get(RESOURCE_QUOTAS, ref)).not.toMatchObject({ status: { hard: { pods: '7' } } });
});

test('objects are what JSON carries: times are text', async () => {
  const created = await admin.create<KubeObject>(CONFIG_MAPS, configMap('timed'));
  expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('a list of metadata brings nothing else, page by page', async () => {
  for (const name of ['page-1', 'page-2', 'page-3']) await admin.create(CONFIG_MAPS, configMap(name));
  const first = await admin.listMetadataPage(CONFIG_MAPS, { namespace: NAMESPACE, limit: 2 });
  const rest = await admin.listMetadataPage(CONFIG_MAPS, {
    namespace: NAMESPACE,
    limit: 500,
    continueFrom: first.metadata.continue,
  });
  const items = [...first.items, ...rest.items];
  expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['page-1', 'page-3']));
  for (const item of items) {
    expect(Object.keys(item).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
    expect(item.metadata.uid).toBeDefined();
  }
  expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
});

test('a list of the metadata of nothing is empty, which the API server writes as null', async () => {
  const none = { namespace: NAMESPACE, labelSelector: 'nobody=has-it', limit: 2 };
  expect((await admin.listMetadataPage(CONFIG_MAPS, none)).items).toEqual([]);
  expect((await admin.listPage(CONFIG_MAPS, none)).items).toEqual([]);
});

describe('credentials', () => {
  async function whoAmI(client: KubeClient): Promise<unknown> {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const reply = await client.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
    return (reply as { status: { userInfo: { username: string } } }).status.userInfo.username;
  }
  const serviceAccountToken = async () =>
    (await testCluster().kubectl('create', 'token', 'default', `--namespace=${NAMESPACE}`)).trim();

  /** A client whose token comes out of a file, in one of the ways of kubeconfigs. */
  function clientOf(user: object): KubeClient {
    const config = new KubeConfig();
    config.loadFromString(readFileSync(testCluster().kubeconfigPath, 'utf8'));
    config.users = config.users.map(({ name }) => ({ name, ...user }));
    return new KubeClient({ config, userAgent: 'test' });
  }
  const file = () => join(testCluster().directory, 'data', `token-${Math.random().toString(36).slice(2)}`);
  const credential = (token: string) =>
    JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token },
    });

  test.each([
    [
      'of an exec plug-in, without an expiry',
      credential,
      (path: string) => ({
        exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'cat', args: [path] },
      }),
    ],
    [
      'in a file, as in a pod',
      (token: string) => token,
      (path: string) => ({ authProvider: { name: 'tokenFile', config: { tokenFile: path } } }),
    ],
  ])(
    'a token %s is read again once the server refuses it, whatever the clock says',
    async (_, write, userOf) => {
      // A wall clock that stands still never lets a token grow old.
      vi.useFakeTimers({ toFake: ['Date'] });
      const path = file();
      writeFileSync(path, write('revoked'));
      const client = clientOf(userOf(path));
      const refused = await whoAmI(client).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(KubeError);
      expect(refused).toMatchObject({ status: 401, retryable: true });
      writeFileSync(path, write(await serviceAccountToken()));
      expect(await whoAmI(client)).toBe(`system:serviceaccount:${NAMESPACE}:default`);
      await client.close();
    },
  );
});
