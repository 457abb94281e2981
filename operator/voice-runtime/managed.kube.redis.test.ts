import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import {
  conditionOf,
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  type Shown,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import { simulateNodes } from '#hack/testing/simulate-nodes.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import {
  DEPLOYMENTS,
  EVENTS,
  NAMESPACES,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type Resource,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '#lib/kube/resource.ts';

/** The operator with its shipped rights, a real control plane with a scheduler, and nodes that KWOK plays. */
let bench: OperatorBench;
let admin: KubeClient;
let operator: RunningOperator;
let nodes: { stop(): Promise<void> };

interface Event extends KubeObject {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly name: string };
}

const endpoint = { mediaURL: 'wss://voice.test', webhookURL: 'https://voice.test/webhooks/telnyx' };
const engines = {
  stt: { type: 'Whisper', endpoint: 'http://whisper.test:8000' },
  tts: { type: 'Kokoro', endpoint: 'http://kokoro.test:8880' },
};
const COMPONENT = 'app.kubernetes.io/component';

beforeAll(async () => {
  bench = await OperatorBench.open();
  admin = bench.admin;
  nodes = await simulateNodes(bench.cluster, [{ name: 'managed-1' }, { name: 'managed-gpu', gpus: 2 }]);
  operator = await bench.startOperator();
}, 120_000);

afterAll(async () => {
  await operator.stop();
  await nodes.stop();
  await bench.close();
});

async function applyRuntime(name: string, spec: object = {}, namespace = SYSTEM): Promise<void> {
  const telnyx = { secretRef: { name: RUNTIME.name }, applicationName: name };
  await bench.apply(
    VOICE_RUNTIME,
    { namespace, name },
    { spec: { mode: 'Managed', endpoint, telnyx, engines, ...spec } },
  );
}

function shown(resource: Resource, name: string, namespace = SYSTEM): Promise<Shown | undefined> {
  return admin.get<Shown>(resource, { namespace, name });
}

/** The runtime's own pods that are not on their way out. */
async function podsOf(name: string): Promise<readonly KubeObject[]> {
  const labelSelector = `veralux.io/runtime=${name},${COMPONENT}=runtime`;
  const { items } = await admin.list(PODS, { namespace: SYSTEM, labelSelector });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function eventsOf(name: string, reason: string): Promise<readonly string[]> {
  const { items } = await admin.list<Event>(EVENTS, { namespace: SYSTEM });
  return items
    .filter((event) => event.involvedObject.name === name && event.reason === reason)
    .map(({ message }) => message);
}

/** Pods that report for the next hour, each with so many calls. */
async function report(runtime: string, calls: Readonly<Record<string, number>>): Promise<void> {
  const key = `${SYSTEM}/${runtime}`;
  const at = Date.now() + 3_600_000;
  for (const [pod, held] of Object.entries(calls)) {
    const heartbeat = { pod, runtime: key, state: 'Serving', mediaURL: 'ws://a', slots: 50, calls: held, at };
    await bench.redis.hset(podKeys.pod(key, pod), PROJECTED_FIELDS.value, JSON.stringify(heartbeat));
    await bench.redis.zadd(podKeys.runtimePods(key), at, pod);
  }
}

function ready(name: string): Promise<Shown> {
  return bench.until(VOICE_RUNTIME, { namespace: SYSTEM, name }, 'Ready', 'Ready');
}

describe('a Managed VoiceRuntime', () => {
  test('gets its pods and what they lean on, and is Ready when they are', async () => {
    await applyRuntime('vr-plain');
    await bench.until(VOICE_RUNTIME, { namespace: SYSTEM, name: 'vr-plain' }, 'Progressing', 'Complete');
    const runtime = await ready('vr-plain');
    expect(runtime.status).toMatchObject({ replicas: 1, readyReplicas: 1, connectionID: expect.any(String) });
    expect(runtime.status?.['selector']).toContain('veralux.io/runtime=vr-plain');
    for (const [resource, name] of [
      [DEPLOYMENTS, 'vr-plain'],
      [SERVICES, 'vr-plain'],
      [POD_DISRUPTION_BUDGETS, 'vr-plain'],
      [NETWORK_POLICIES, 'vr-plain'],
      [SECRETS, 'vr-plain-runtime'],
      [SERVICE_ACCOUNTS, 'vr-plain-runtime'],
    ] as const) {
      const child = await shown(resource, name);
      expect(child?.metadata.ownerReferences, resource.kind).toMatchObject([
        { kind: 'VoiceRuntime', name: 'vr-plain', uid: runtime.metadata.uid },
      ]);
    }
    expect(await podsOf('vr-plain')).toHaveLength(1);
  });

  test('is sized through the scale subresource, and by nobody through its Deployment', async () => {
    await applyRuntime('vr-scale');
    await ready('vr-scale');
    await bench.cluster.kubectl('scale', 'vr/vr-scale', '--replicas=3', `--namespace=${SYSTEM}`);
    await vi.waitFor(
      async () =>
        expect((await shown(VOICE_RUNTIME, 'vr-scale'))?.status).toMatchObject({ readyReplicas: 3 }),
      WAIT,
    );
    await bench.cluster.kubectl('scale', 'deployment/vr-scale', '--replicas=5', `--namespace=${SYSTEM}`);
    await vi.waitFor(
      async () => expect((await shown(DEPLOYMENTS, 'vr-scale'))?.spec).toMatchObject({ replicas: 3 }),
      WAIT,
    );
    await vi.waitFor(
      async () =>
        expect(await eventsOf('vr-scale', 'ChildCorrected')).toEqual([
          expect.stringContaining('Deployment vr-scale'),
        ]),
      WAIT,
    );
  });

  test('has its children put back when they are edited or deleted, also while the operator is down', async () => {
    await applyRuntime('vr-drift');
    await ready('vr-drift');
    const set = (...args: string[]) => bench.cluster.kubectl('set', ...args, `--namespace=${SYSTEM}`);
    await set('env', 'deployment/vr-drift', 'LOG_LEVEL=trace');
    await admin.delete(SERVICES, { namespace: SYSTEM, name: 'vr-drift' });
    const isWhole = async () => {
      expect(JSON.stringify((await shown(DEPLOYMENTS, 'vr-drift'))?.spec)).not.toContain('LOG_LEVEL');
      expect(await shown(SERVICES, 'vr-drift')).toBeDefined();
      const secret = (await shown(SECRETS, 'vr-drift-runtime')) as { data?: object } | undefined;
      expect(Object.keys(secret?.data ?? {})).toEqual(['callTokenSecret', 'redisURL']);
    };
    await vi.waitFor(isWhole, WAIT);
    await vi.waitFor(
      async () =>
        expect(await eventsOf('vr-drift', 'ChildRestored')).toEqual([
          expect.stringContaining('Service vr-drift'),
        ]),
      WAIT,
    );
    const before = await shown(SECRETS, 'vr-drift-runtime');

    await operator.stop();
    await set('env', 'deployment/vr-drift', 'LOG_LEVEL=debug');
    await admin.delete(SECRETS, { namespace: SYSTEM, name: 'vr-drift-runtime' });
    operator = await bench.startOperator();
    await vi.waitFor(isWhole, WAIT);
    expect(await shown(SECRETS, 'vr-drift-runtime')).toMatchObject({
      data: { ...(before as object as { data: object }).data },
    });
  });

  test('is not written to by an operator that starts and finds it as it should be', async () => {
    await applyRuntime('vr-still');
    await ready('vr-still');
    await bench.until(VOICE_RUNTIME, { namespace: SYSTEM, name: 'vr-still' }, 'Progressing', 'Complete');
    const versions = async () =>
      Promise.all(
        (
          [
            [DEPLOYMENTS, 'vr-still'],
            [SERVICES, 'vr-still'],
            [POD_DISRUPTION_BUDGETS, 'vr-still'],
            [NETWORK_POLICIES, 'vr-still'],
            [SECRETS, 'vr-still-runtime'],
            [SERVICE_ACCOUNTS, 'vr-still-runtime'],
          ] as const
        ).map(async ([resource, name]) => {
          const entries = (await shown(resource, name))?.metadata;
          return entries?.managedFields?.filter(({ subresource }) => subresource === undefined);
        }),
      );
    const before = await versions();
    await operator.stop();
    operator = await bench.startOperator();
    await bench.cluster.kubectl('annotate', 'vr/vr-still', 'looked=again', `--namespace=${SYSTEM}`);
    await applyRuntime('vr-after');
    await ready('vr-after');
    expect(await versions()).toEqual(before);
    expect(await eventsOf('vr-still', 'ChildCorrected')).toEqual([]);
  });

  test('is sized by the calls of its pods where it is to size itself, and its spec stays as it is', async () => {
    const autoscaling = { minReplicas: 1, maxReplicas: 4, targetCallsPerReplica: 5 };
    await applyRuntime('vr-auto', { autoscaling });
    await ready('vr-auto');
    const [pod] = await podsOf('vr-auto');
    await report('vr-auto', { [pod?.metadata.name ?? '']: 11 });
    await vi.waitFor(async () => expect(await podsOf('vr-auto')).toHaveLength(3), WAIT);
    const runtime = await shown(VOICE_RUNTIME, 'vr-auto');
    expect(runtime?.status).toMatchObject({ desiredReplicas: 3 });
    expect(runtime?.spec).toMatchObject({ replicas: 1 });
  });

  test('has pods with calls marked and kept from eviction, idle ones not', async () => {
    await applyRuntime('vr-marks', { replicas: 2 });
    await ready('vr-marks');
    await vi.waitFor(async () => expect(await podsOf('vr-marks')).toHaveLength(2), WAIT);
    const [busy = '', idle = ''] = (await podsOf('vr-marks')).map(({ metadata }) => metadata.name);
    await report('vr-marks', { [busy]: 2, [idle]: 0 });
    await vi.waitFor(async () => {
      expect((await shown(PODS, busy))?.metadata).toMatchObject({
        labels: { 'veralux.io/calls': 'active' },
        annotations: {
          'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
          'controller.kubernetes.io/pod-deletion-cost': '100',
        },
      });
    }, WAIT);
    const evict = (name: string) =>
      admin.post(`/api/v1/namespaces/${SYSTEM}/pods/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: SYSTEM },
      });
    // Until the disruption controller has counted the pod, an eviction is refused with another reason.
    await vi.waitFor(async () => await expect(evict(busy)).rejects.toThrow('disruption budget'), WAIT);
    await evict(idle);
    await report('vr-marks', { [busy]: 0 });
    await vi.waitFor(
      async () =>
        expect((await shown(PODS, busy))?.metadata.labels).toMatchObject({ 'veralux.io/calls': 'idle' }),
      WAIT,
    );
  });

  test('says which Secret or key is missing, and starts when it is there; a changed value rolls the pods', async () => {
    const secret = { namespace: SYSTEM, name: 'vr-key' };
    const ref = { namespace: SYSTEM, name: 'vr-secret' };
    const { apiKey, publicKey } = bench.telnyx;
    await bench.apply(SECRETS, secret, { stringData: { apiKey } });
    await applyRuntime('vr-secret', {
      telnyx: { secretRef: { name: 'vr-key' }, applicationName: 'vr-secret' },
    });
    const waiting = await bench.until(VOICE_RUNTIME, ref, 'Available', 'SecretMissing');
    expect(conditionOf(waiting, 'Available')?.message).toBe(`The Secret ${SYSTEM}/vr-key has no publicKey.`);
    expect(await shown(DEPLOYMENTS, 'vr-secret')).toBeUndefined();
    await bench.apply(SECRETS, secret, { stringData: { apiKey, publicKey } });
    await bench.until(VOICE_RUNTIME, ref, 'Available', 'PodsServing');
    const [before] = await podsOf('vr-secret');

    await bench.apply(SECRETS, secret, {
      stringData: { apiKey, publicKey: Buffer.alloc(32, 7).toString('base64') },
    });
    await vi.waitFor(async () => {
      const names = (await podsOf('vr-secret')).map(({ metadata }) => metadata.name);
      expect(names).toHaveLength(1);
      expect(names).not.toContain(before?.metadata.name);
    }, WAIT);
    await admin.delete(SECRETS, secret);
    const missing = await bench.until(VOICE_RUNTIME, ref, 'Progressing', 'Waiting');
    expect(conditionOf(missing, 'Available')).toMatchObject({ status: 'True' });
  });

  test('says that no node has the GPUs that an engine asks for', async () => {
    const stt = { type: 'Whisper', deployment: { gpus: 8 } };
    await applyRuntime('vr-gpu', { engines: { ...engines, stt } });
    const ref = { namespace: SYSTEM, name: 'vr-gpu' };
    const runtime = await bench.until(VOICE_RUNTIME, ref, 'EnginesReady', 'Unschedulable');
    expect(conditionOf(runtime, 'EnginesReady')?.message).toContain('nvidia.com/gpu');
    await applyRuntime('vr-gpu', { engines: { ...engines, stt: { ...stt, deployment: { gpus: 1 } } } });
    await bench.until(VOICE_RUNTIME, ref, 'EnginesReady', 'EnginesReady');
  });

  test('loses its objects when it becomes External', async () => {
    await applyRuntime('vr-moved');
    await ready('vr-moved');
    await applyRuntime('vr-moved', { mode: 'External' });
    await vi.waitFor(async () => {
      expect(await shown(DEPLOYMENTS, 'vr-moved')).toBeUndefined();
      expect(await shown(SERVICES, 'vr-moved')).toBeUndefined();
      expect(await shown(POD_DISRUPTION_BUDGETS, 'vr-moved')).toBeUndefined();
      expect(await shown(SECRETS, 'vr-moved-runtime')).toBeUndefined();
    }, WAIT);
    await bench.until(VOICE_RUNTIME, { namespace: SYSTEM, name: 'vr-moved' }, 'Available', 'NoPods');
  });

  test('does not take over a Deployment of its name', async () => {
    const labels = { app: 'theirs' };
    await bench.apply(
      DEPLOYMENTS,
      { namespace: SYSTEM, name: 'vr-taken' },
      {
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'theirs' }] } },
        },
      },
    );
    await applyRuntime('vr-taken');
    const ref = { namespace: SYSTEM, name: 'vr-taken' };
    const runtime = await bench.until(VOICE_RUNTIME, ref, 'Available', 'NotApplied');
    expect(conditionOf(runtime, 'Available')?.message).toContain('Deployment veralux-system/vr-taken exists');
    expect(JSON.stringify((await shown(DEPLOYMENTS, 'vr-taken'))?.spec)).toContain('theirs');
  });

  test('says what the cluster refuses in a platform namespace of its own: rights, then a quota', async () => {
    const namespace = 'vr-elsewhere';
    const ref = { namespace, name: 'vr-far' };
    await bench.apply(
      NAMESPACES,
      { name: namespace },
      { metadata: { name: namespace, labels: { 'veralux.io/platform': 'true' } } },
    );
    await applyRuntime('vr-far', {}, namespace);
    const refused = await bench.until(VOICE_RUNTIME, ref, 'Progressing', 'NotApplied');
    expect(conditionOf(refused, 'Progressing')?.message).toContain('forbidden');
    await bench.cluster.kubectl('create', 'quota', 'none', '--hard=pods=0', `--namespace=${namespace}`);
    await bench.cluster.kubectl(
      'create',
      'rolebinding',
      'runtimes',
      '--clusterrole=veralux-runtimes',
      `--serviceaccount=${SYSTEM}:veralux-operator`,
      `--namespace=${namespace}`,
    );
    const { apiKey, publicKey } = bench.telnyx;
    await bench.apply(SECRETS, { namespace, name: RUNTIME.name }, { stringData: { apiKey, publicKey } });
    const limited = await bench.until(VOICE_RUNTIME, ref, 'Available', 'PodsRefused');
    expect(conditionOf(limited, 'Available')?.message).toContain('exceeded quota: none');
  });
});
