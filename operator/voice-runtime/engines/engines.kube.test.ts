import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type OwnTestCluster,
  startTestCluster,
  type TestCluster,
  testCluster,
} from '#hack/testing/cluster.ts';
import { ENGINE_CASES, runtimeWith } from '#hack/testing/engine-cases.ts';
import { simulateNodes } from '#hack/testing/simulate-nodes.ts';
import { type Applied, KubeClient } from '#lib/kube/kube-client.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { collectionPath, DEPLOYMENTS, PODS, type Resource } from '#lib/kube/resource.ts';
import { digestOf } from '#operator/engine/child-kind.ts';
import { RUNTIME_CHILD_KINDS } from '#operator/voice-runtime/child-kinds.ts';
import type { DeploymentObject, PodObject } from '#operator/voice-runtime/workload.ts';
import { judgeEngines } from './judge-engines.ts';
import { planEngines } from './plan-engines.ts';

const APPLY = { fieldManager: 'veralux-operator', force: true } as const;
/** Programs may have to be built first. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
const WAIT = { timeout: 20_000, interval: 200 };

/** Without the owner, which is not there, and the cluster would collect its children. */
function orphan({ metadata, ...rest }: Applied): Applied {
  const { ownerReferences: _owner, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

async function makeNamespace(cluster: TestCluster, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  await cluster.kubectlWithInput(JSON.stringify(namespace), 'apply', '--server-side', '-f', '-');
}

describe.each(Object.entries(ENGINE_CASES))('what is made for %s', (name, engines) => {
  const namespace = `engines-${name}`;
  const { children } = planEngines(runtimeWith(engines, 'vr', namespace), []);
  let client: KubeClient;

  beforeAll(async () => {
    const cluster = testCluster();
    client = new KubeClient({ config: loadKubeConfig(cluster.kubeconfigPath), userAgent: 'veralux-test' });
    await makeNamespace(cluster, namespace);
    await cluster.kubectl(
      'wait',
      '--for=create',
      '--timeout=30s',
      `--namespace=${namespace}`,
      'serviceaccount/default',
    );
  });
  afterAll(async () => {
    await testCluster().kubectl('delete', 'namespace', namespace, '--wait=false');
    await client.close();
  });

  test('is accepted, and is afterwards as it was wanted', async () => {
    for (const { resource, desired } of children) {
      const live = await client.apply<PodObject>(resource, orphan(desired), APPLY);
      const kind = RUNTIME_CHILD_KINDS.find((one) => one.resource.kind === resource.kind);
      if (kind === undefined) throw new Error(`${resource.kind} is no kind of a runtime's children`);
      const fields = live as unknown as Record<string, unknown>;
      expect(digestOf(kind.owned(fields)), resource.kind).toBe(digestOf(kind.owned(desired)));
    }
  });

  test('makes pods that the strictest pod security lets in', async () => {
    const deployment = children.find(({ resource }) => resource.kind === DEPLOYMENTS.kind);
    if (deployment === undefined) throw new Error('there is no Deployment');
    const { template } = deployment.desired['spec'] as { template: { metadata: object; spec: object } };
    const pod = { apiVersion: 'v1', kind: 'Pod', ...template, metadata: { ...template.metadata, name: 'p' } };
    const path = `${collectionPath(PODS, namespace)}?dryRun=All&fieldValidation=Strict`;
    await expect(client.post(path, pod)).resolves.toMatchObject({ kind: 'Pod' });
  });
});

describe('on nodes that KWOK plays', () => {
  const namespace = 'engines-on-nodes';
  let cluster: OwnTestCluster;
  let nodes: { stop(): Promise<void> };
  let client: KubeClient;

  beforeAll(async () => {
    cluster = await startTestCluster();
    nodes = await simulateNodes(cluster, [{ name: 'plain' }, { name: 'gpu', gpus: 1 }]);
    client = new KubeClient({ config: loadKubeConfig(cluster.kubeconfigPath), userAgent: 'veralux-test' });
    await makeNamespace(cluster, namespace);
    await cluster.kubectl('taint', 'node', 'gpu', 'nvidia.com/gpu=present:NoSchedule');
  }, BUILD_TIMEOUT_MS);
  afterAll(async () => {
    await client.close();
    await nodes.stop();
    await cluster.stop();
  });

  const list = async <T>(resource: Resource): Promise<readonly T[]> =>
    (await client.list(resource, { namespace })).items as unknown as readonly T[];

  /** Makes the engines and waits until they are judged so. */
  async function until(name: string, engines: object, expected: object) {
    const plan = planEngines(runtimeWith(engines, name, namespace), []);
    for (const { resource, desired } of plan.children) await client.apply(resource, orphan(desired), APPLY);
    return vi.waitFor(async () => {
      const [deployments, pods] = await Promise.all([
        list<DeploymentObject>(DEPLOYMENTS),
        list<PodObject & { readonly spec: { readonly nodeName?: string } }>(PODS),
      ]);
      const own = pods.filter(({ metadata }) => metadata.labels?.['veralux.io/runtime'] === name);
      const { verdict } = judgeEngines(plan, { deployments, pods: own, claims: [] });
      expect(verdict).toMatchObject(expected);
      return { verdict, nodes: own.map(({ spec }) => spec.nodeName) };
    }, WAIT);
  }

  test('the pod goes to the node with the GPU, and the next one is told that there is none left', async () => {
    const whisper = { stt: { type: 'Whisper', deployment: {} } };
    const first = await until('first', whisper, { status: 'True', reason: 'EnginesReady' });
    expect(first.nodes).toEqual(['gpu']);
    const second = await until('second', whisper, { status: 'False', reason: 'Unschedulable' });
    expect(second.verdict.message).toMatch(
      /Insufficient nvidia\.com\/gpu.* It asks for 1 nvidia\.com\/gpu\./,
    );
  });

  test('a pod without a GPU leaves the node with GPUs alone', async () => {
    const engines = { stt: { type: 'WhisperCpp', deployment: { gpus: 0, replicas: 3 } } };
    const { nodes } = await until('cpu', engines, { status: 'True', message: 'Every engine is ready.' });
    expect(nodes).toEqual(['plain', 'plain', 'plain']);
  });

  test('a volume that nothing makes is named', async () => {
    const engines = { stt: { type: 'WhisperCpp', deployment: { gpus: 0, cache: {} } } };
    const { verdict } = await until('cached', engines, { status: 'False', reason: 'VolumePending' });
    expect(verdict.message).toContain('Is there a default StorageClass');
  });
});
