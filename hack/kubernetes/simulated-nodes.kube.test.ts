import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Processes, type RunningProcess } from '#hack/local/processes.ts';
import { createProgress } from '#hack/local/progress.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { ensurePrograms } from './programs.ts';
import { startSimulatedNodes } from './simulated-nodes.ts';

// KWOK may have to be built first.
const BUILD_TIMEOUT_MS = 15 * 60_000;

describe('simulated nodes', () => {
  const cluster = testCluster();
  let kwok: RunningProcess;

  beforeAll(async () => {
    const programs = await ensurePrograms(['kwok'], createProgress(process.stderr));
    kwok = await startSimulatedNodes({
      processes: new Processes(cluster.directory),
      directory: cluster.directory,
      kwok: programs.get('kwok') ?? 'kwok',
      kubeconfigPath: cluster.kubeconfigPath,
      kubectl: (args, input) =>
        input === undefined ? cluster.kubectl(...args) : cluster.kubectlWithInput(input, ...args),
      nodes: [{ name: 'nodes-test-plain' }, { name: 'nodes-test-gpu', gpus: 2 }],
    });
  }, BUILD_TIMEOUT_MS);
  afterAll(async () => {
    await kwok.end();
    await cluster.kubectl('delete', 'node', 'nodes-test-plain', 'nodes-test-gpu', '--ignore-not-found');
  });

  test('say that they are simulated', async () => {
    const names = await cluster.kubectl(
      'get',
      'nodes',
      '--selector=veralux.io/simulated=true',
      '--output=name',
    );
    expect(names.trim().split('\n')).toEqual(['node/nodes-test-gpu', 'node/nodes-test-plain']);
  });

  test('renew their leases, so that nothing takes them for lost', async () => {
    await cluster.kubectl(
      'wait',
      '--namespace=kube-node-lease',
      '--timeout=30s',
      'lease/nodes-test-gpu',
      '--for=jsonpath={.spec.holderIdentity}',
    );
  });

  test('run a pod that asks for a GPU', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'nodes-test', namespace: 'default' },
      spec: {
        nodeName: 'nodes-test-gpu',
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'a', image: 'none', resources: { limits: { 'nvidia.com/gpu': '1' } } }],
      },
    };
    await cluster.kubectl('wait', '--for=create', '--timeout=30s', 'serviceaccount/default');
    await cluster.kubectlWithInput(JSON.stringify(pod), 'create', '--filename=-');
    await cluster.kubectl('wait', '--for=condition=Ready', '--timeout=30s', 'pod/nodes-test');
    await cluster.kubectl('delete', 'pod', 'nodes-test', '--wait=false');
  });
});
