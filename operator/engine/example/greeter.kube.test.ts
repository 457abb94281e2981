import { KubeConfig } from '@kubernetes/client-node';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, LEASES, NAMESPACES } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { runGreeter } from './greeter.ts';

const cluster = testCluster();
const namespace = 'greeter-test';
const greeting = { name: 'ann-greeting', namespace };

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

test('the example of the README greets, puts back what was changed, and gives its lease back', async () => {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfigPath);
  const client = new KubeClient({ config, userAgent: 'greeter' });
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const ending = new AbortController();
  const { signal } = ending;
  const registry = new Registry();
  const ended = runGreeter({ client, log: silentLogger, registry, namespace, signal });

  const labels = { greet: 'me' };
  const ann = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ann', namespace, labels } };
  await client.create(CONFIG_MAPS, ann);
  const text = async () => (await client.get<ConfigMap>(CONFIG_MAPS, greeting))?.data;
  await expect.poll(text).toEqual({ text: 'Hello ann' });
  const change = { data: { text: 'Go away', more: 'x' } };
  await client.mergePatch(CONFIG_MAPS, greeting, change, { fieldManager: 'kubectl-edit' });
  await expect.poll(text).toEqual({ text: 'Hello ann' });
  await client.delete(CONFIG_MAPS, greeting);
  await expect.poll(text).toEqual({ text: 'Hello ann' });

  ending.abort();
  expect(await ended).toBe(0);
  const lease = await client.get(LEASES, { name: 'greeter', namespace });
  expect(lease).toMatchObject({ spec: { holderIdentity: '' } });
  await client.close();
});
