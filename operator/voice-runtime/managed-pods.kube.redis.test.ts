import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { ManagedBench } from '#hack/testing/managed-bench.ts';
import { conditionOf, RUNTIME, SYSTEM, WAIT } from '#hack/testing/operator-bench.ts';
import { DEPLOYMENTS, NAMESPACES, PODS, SECRETS } from '#lib/kube/resource.ts';

let managed: ManagedBench;

beforeAll(async () => {
  managed = await ManagedBench.open();
}, 120_000);

afterAll(async () => {
  await managed.close();
});

describe('the pods of a Managed VoiceRuntime', () => {
  test('is sized by the calls of its pods where it is to size itself, and its spec stays as it is', async () => {
    const autoscaling = { minReplicas: 1, maxReplicas: 4, targetCallsPerReplica: 5 };
    await managed.applyRuntime('vr-auto', { autoscaling });
    await managed.ready('vr-auto');
    const [pod] = await managed.podsOf('vr-auto');
    await managed.report('vr-auto', { [pod?.metadata.name ?? '']: 11 });
    await vi.waitFor(async () => expect(await managed.podsOf('vr-auto')).toHaveLength(3), WAIT);
    const runtime = await vi.waitFor(async () => {
      const found = await managed.shown(VOICE_RUNTIME, 'vr-auto');
      expect(found?.status).toMatchObject({ desiredReplicas: 3 });
      return found;
    }, WAIT);
    expect(runtime?.spec).toMatchObject({ replicas: 1 });
  });

  test('has pods with calls marked and kept from eviction, idle ones not', async () => {
    await managed.applyRuntime('vr-marks', { replicas: 2 });
    await managed.ready('vr-marks');
    await vi.waitFor(async () => expect(await managed.podsOf('vr-marks')).toHaveLength(2), WAIT);
    const [busy = '', idle = ''] = (await managed.podsOf('vr-marks')).map(({ metadata }) => metadata.name);
    await managed.report('vr-marks', { [busy]: 2, [idle]: 0 });
    await vi.waitFor(async () => {
      expect((await managed.shown(PODS, busy))?.metadata).toMatchObject({
        labels: { 'veralux.io/calls': 'active' },
        annotations: {
          'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
          'controller.kubernetes.io/pod-deletion-cost': '100',
        },
      });
    }, WAIT);
    const evict = (name: string) =>
      managed.admin.post(`/api/v1/namespaces/${SYSTEM}/pods/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: SYSTEM },
      });
    // Until the disruption controller has counted the pod, an eviction is refused with another reason.
    await vi.waitFor(async () => await expect(evict(busy)).rejects.toThrow('disruption budget'), WAIT);
    await evict(idle);
    await managed.report('vr-marks', { [busy]: 0 });
    await vi.waitFor(
      async () =>
        expect((await managed.shown(PODS, busy))?.metadata.labels).toMatchObject({
          'veralux.io/calls': 'idle',
        }),
      WAIT,
    );
  });

  test('says which Secret or key is missing, and starts when it is there; a changed value rolls the pods', async () => {
    const secret = { namespace: SYSTEM, name: 'vr-key' };
    const ref = { namespace: SYSTEM, name: 'vr-secret' };
    const { apiKey, publicKey } = managed.bench.telnyx;
    await managed.bench.apply(SECRETS, secret, { stringData: { apiKey } });
    await managed.applyRuntime('vr-secret', {
      telnyx: { secretRef: { name: 'vr-key' }, applicationName: 'vr-secret' },
    });
    const waiting = await managed.bench.until(VOICE_RUNTIME, ref, 'Available', 'SecretMissing');
    expect(conditionOf(waiting, 'Available')?.message).toBe(`The Secret ${SYSTEM}/vr-key has no publicKey.`);
    expect(await managed.shown(DEPLOYMENTS, 'vr-secret')).toBeUndefined();
    await managed.bench.apply(SECRETS, secret, { stringData: { apiKey, publicKey } });
    await managed.bench.until(VOICE_RUNTIME, ref, 'Available', 'PodsServing');
    const [before] = await managed.podsOf('vr-secret');

    await managed.bench.apply(SECRETS, secret, {
      stringData: { apiKey, publicKey: Buffer.alloc(32, 7).toString('base64') },
    });
    await vi.waitFor(async () => {
      const names = (await managed.podsOf('vr-secret')).map(({ metadata }) => metadata.name);
      expect(names).toHaveLength(1);
      expect(names).not.toContain(before?.metadata.name);
    }, WAIT);
    await managed.admin.delete(SECRETS, secret);
    const missing = await managed.bench.until(VOICE_RUNTIME, ref, 'Progressing', 'Waiting');
    expect(conditionOf(missing, 'Available')).toMatchObject({ status: 'True' });
  });

  test('says that no node has the GPUs that an engine asks for', async () => {
    const stt = { type: 'Whisper', deployment: { gpus: 8 } };
    await managed.applyRuntime('vr-gpu', { engines: { ...managed.engines, stt } });
    const ref = { namespace: SYSTEM, name: 'vr-gpu' };
    const runtime = await managed.bench.until(VOICE_RUNTIME, ref, 'EnginesReady', 'Unschedulable');
    expect(conditionOf(runtime, 'EnginesReady')?.message).toContain('nvidia.com/gpu');
    await managed.applyRuntime('vr-gpu', {
      engines: { ...managed.engines, stt: { ...stt, deployment: { gpus: 1 } } },
    });
    await managed.bench.until(VOICE_RUNTIME, ref, 'EnginesReady', 'EnginesReady');
  });

  test('says what the cluster refuses in a platform namespace of its own: rights, then a quota', async () => {
    const namespace = 'vr-elsewhere';
    const ref = { namespace, name: 'vr-far' };
    await managed.bench.apply(
      NAMESPACES,
      { name: namespace },
      { metadata: { name: namespace, labels: { 'veralux.io/platform': 'true' } } },
    );
    await managed.applyRuntime('vr-far', {}, namespace);
    const refused = await managed.bench.until(VOICE_RUNTIME, ref, 'Progressing', 'NotApplied');
    expect(conditionOf(refused, 'Progressing')?.message).toContain('forbidden');
    await managed.bench.cluster.kubectl(
      'create',
      'quota',
      'none',
      '--hard=pods=0',
      `--namespace=${namespace}`,
    );
    await managed.bench.cluster.kubectl(
      'create',
      'rolebinding',
      'runtimes',
      '--clusterrole=veralux-runtimes',
      `--serviceaccount=${SYSTEM}:veralux-operator`,
      `--namespace=${namespace}`,
    );
    const { apiKey, publicKey } = managed.bench.telnyx;
    await managed.bench.apply(
      SECRETS,
      { namespace, name: RUNTIME.name },
      { stringData: { apiKey, publicKey } },
    );
    // Nobody tells the operator of its rights: what was refused is asked for again after a minute at most.
    const limited = await vi.waitFor(
      () => managed.bench.until(VOICE_RUNTIME, ref, 'Available', 'PodsRefused'),
      { ...WAIT, timeout: 90_000 },
    );
    expect(conditionOf(limited, 'Available')?.message).toContain('exceeded quota: none');
  }, 120_000);
});
