import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { ManagedBench } from '#hack/testing/managed-bench.ts';
import { conditionOf, SYSTEM, WAIT } from '#hack/testing/operator-bench.ts';
import {
  DEPLOYMENTS,
  NETWORK_POLICIES,
  PERSISTENT_VOLUME_CLAIMS,
  POD_DISRUPTION_BUDGETS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '#lib/kube/resource.ts';

let managed: ManagedBench;

beforeAll(async () => {
  managed = await ManagedBench.open();
}, 120_000);

afterAll(async () => {
  await managed.close();
});

describe('a Managed VoiceRuntime', () => {
  test('gets its pods and what they lean on, and is Ready when they are', async () => {
    await managed.applyRuntime('vr-plain');
    await managed.bench.until(
      VOICE_RUNTIME,
      { namespace: SYSTEM, name: 'vr-plain' },
      'Progressing',
      'Complete',
    );
    const runtime = await managed.ready('vr-plain');
    expect(runtime.status).toMatchObject({ replicas: 1, readyReplicas: 1, connectionID: expect.any(String) });
    expect(runtime.status?.['selector']).toContain('veralux.io/runtime=vr-plain');
    const connectionID = { name: 'TELNYX_CONNECTION_ID', value: runtime.status?.['connectionID'] };
    expect((await managed.shown(DEPLOYMENTS, 'vr-plain'))?.spec).toMatchObject({
      template: { spec: { containers: [{ env: expect.arrayContaining([connectionID]) }] } },
    });
    for (const [resource, name] of [
      [DEPLOYMENTS, 'vr-plain'],
      [SERVICES, 'vr-plain'],
      [POD_DISRUPTION_BUDGETS, 'vr-plain'],
      [NETWORK_POLICIES, 'vr-plain'],
      [SECRETS, 'vr-plain-runtime'],
      [SERVICE_ACCOUNTS, 'vr-plain-runtime'],
    ] as const) {
      const child = await managed.shown(resource, name);
      expect(child?.metadata.ownerReferences, resource.kind).toMatchObject([
        { kind: 'VoiceRuntime', name: 'vr-plain', uid: runtime.metadata.uid },
      ]);
    }
    expect(await managed.podsOf('vr-plain')).toHaveLength(1);
  });

  test('is sized through the scale subresource, and by nobody through its Deployment', async () => {
    await managed.applyRuntime('vr-scale');
    await managed.ready('vr-scale');
    await managed.bench.cluster.kubectl('scale', 'vr/vr-scale', '--replicas=3', `--namespace=${SYSTEM}`);
    await vi.waitFor(
      async () =>
        expect((await managed.shown(VOICE_RUNTIME, 'vr-scale'))?.status).toMatchObject({ readyReplicas: 3 }),
      WAIT,
    );
    await managed.bench.cluster.kubectl(
      'scale',
      'deployment/vr-scale',
      '--replicas=5',
      `--namespace=${SYSTEM}`,
    );
    await vi.waitFor(
      async () => expect((await managed.shown(DEPLOYMENTS, 'vr-scale'))?.spec).toMatchObject({ replicas: 3 }),
      WAIT,
    );
    await vi.waitFor(
      async () =>
        expect(await managed.eventsOf('vr-scale', 'ChildCorrected')).toEqual([
          expect.stringContaining('Deployment vr-scale'),
        ]),
      WAIT,
    );
  });

  test('has its children put back when they are edited or deleted, also while the operator is down', async () => {
    await managed.applyRuntime('vr-drift');
    await managed.ready('vr-drift');
    const set = (...args: string[]) => managed.bench.cluster.kubectl('set', ...args, `--namespace=${SYSTEM}`);
    await set('env', 'deployment/vr-drift', 'LOG_LEVEL=trace');
    await managed.admin.delete(SERVICES, { namespace: SYSTEM, name: 'vr-drift' });
    const isWhole = async () => {
      expect(JSON.stringify((await managed.shown(DEPLOYMENTS, 'vr-drift'))?.spec)).not.toContain('LOG_LEVEL');
      expect(await managed.shown(SERVICES, 'vr-drift')).toBeDefined();
      const secret = (await managed.shown(SECRETS, 'vr-drift-runtime')) as { data?: object } | undefined;
      expect(Object.keys(secret?.data ?? {})).toEqual(['callTokenSecret', 'redisURL']);
    };
    await vi.waitFor(isWhole, WAIT);
    await vi.waitFor(
      async () =>
        expect(await managed.eventsOf('vr-drift', 'ChildRestored')).toEqual([
          expect.stringContaining('Service vr-drift'),
        ]),
      WAIT,
    );
    const before = await managed.shown(SECRETS, 'vr-drift-runtime');

    await managed.operator.stop();
    await set('env', 'deployment/vr-drift', 'LOG_LEVEL=debug');
    await managed.admin.delete(SECRETS, { namespace: SYSTEM, name: 'vr-drift-runtime' });
    managed.operator = await managed.bench.startOperator();
    await vi.waitFor(isWhole, WAIT);
    expect(await managed.shown(SECRETS, 'vr-drift-runtime')).toMatchObject({
      data: { ...(before as object as { data: object }).data },
    });
  });

  test('gets back the owner that its children go with', async () => {
    await managed.applyRuntime('vr-owner');
    const { uid } = (await managed.ready('vr-owner')).metadata;
    const ref = { namespace: SYSTEM, name: 'vr-owner' };
    const patch = { metadata: { ownerReferences: null } };
    await managed.admin.mergePatch(SERVICES, ref, patch, { fieldManager: 'kubectl-edit' });
    await vi.waitFor(async () => {
      const { ownerReferences } = (await managed.shown(SERVICES, 'vr-owner'))?.metadata ?? {};
      expect(ownerReferences).toMatchObject([{ kind: 'VoiceRuntime', name: 'vr-owner', uid }]);
    }, WAIT);
  });

  test('keeps the volume of an engine, and says so where it is wanted otherwise', async () => {
    const stt = (accessMode: string) => ({
      type: 'Whisper',
      deployment: { gpus: 0, cache: { size: '1Gi', storageClassName: 'none', accessMode } },
    });
    const volume = 'vr-volume-stt-default';
    await managed.applyRuntime('vr-volume', {
      engines: { ...managed.engines, stt: stt('ReadWriteOnce') },
    });
    const before = await vi.waitFor(async () => {
      const found = await managed.shown(PERSISTENT_VOLUME_CLAIMS, volume);
      expect(found).toBeDefined();
      return found;
    }, WAIT);
    await managed.operator.stop();
    // Without its labels the operator does not see it, and would make it as the spec says now.
    const patch = { metadata: { labels: null } };
    const ref = { namespace: SYSTEM, name: volume };
    await managed.admin.mergePatch(PERSISTENT_VOLUME_CLAIMS, ref, patch, { fieldManager: 'kubectl-label' });
    await managed.applyRuntime('vr-volume', {
      engines: { ...managed.engines, stt: stt('ReadWriteMany') },
    });
    managed.operator = await managed.bench.startOperator();
    const runtime = { namespace: SYSTEM, name: 'vr-volume' };
    const shown = await managed.bench.until(VOICE_RUNTIME, runtime, 'Progressing', 'NotApplied');
    expect(conditionOf(shown, 'Progressing')?.message).toContain(
      `PersistentVolumeClaim ${SYSTEM}/${volume} cannot be changed to what is wanted`,
    );
    const { uid, deletionTimestamp } =
      (await managed.shown(PERSISTENT_VOLUME_CLAIMS, volume))?.metadata ?? {};
    expect({ uid, deletionTimestamp }).toEqual({ uid: before?.metadata.uid, deletionTimestamp: undefined });
  });

  test('is not written to by an operator that starts and finds it as it should be', async () => {
    await managed.applyRuntime('vr-still');
    await managed.ready('vr-still');
    await managed.bench.until(
      VOICE_RUNTIME,
      { namespace: SYSTEM, name: 'vr-still' },
      'Progressing',
      'Complete',
    );
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
          const entries = (await managed.shown(resource, name))?.metadata;
          return entries?.managedFields?.filter(({ subresource }) => subresource === undefined);
        }),
      );
    const before = await versions();
    await managed.operator.stop();
    managed.operator = await managed.bench.startOperator();
    await managed.bench.cluster.kubectl('annotate', 'vr/vr-still', 'looked=again', `--namespace=${SYSTEM}`);
    await managed.applyRuntime('vr-after');
    await managed.ready('vr-after');
    expect(await versions()).toEqual(before);
    expect(await managed.eventsOf('vr-still', 'ChildCorrected')).toEqual([]);
  });

  test('loses its objects when it becomes External', async () => {
    await managed.applyRuntime('vr-moved');
    await managed.ready('vr-moved');
    await managed.applyRuntime('vr-moved', { mode: 'External' });
    await vi.waitFor(async () => {
      expect(await managed.shown(DEPLOYMENTS, 'vr-moved')).toBeUndefined();
      expect(await managed.shown(SERVICES, 'vr-moved')).toBeUndefined();
      expect(await managed.shown(POD_DISRUPTION_BUDGETS, 'vr-moved')).toBeUndefined();
      expect(await managed.shown(SECRETS, 'vr-moved-runtime')).toBeUndefined();
    }, WAIT);
    const moved = { namespace: SYSTEM, name: 'vr-moved' };
    const shown = await managed.bench.until(VOICE_RUNTIME, moved, 'Available', 'NoPods');
    expect(conditionOf(shown, 'Progressing')).toBeUndefined();
  });

  test('does not take over a Deployment of its name', async () => {
    const labels = { app: 'theirs' };
    await managed.bench.apply(
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
    await managed.applyRuntime('vr-taken');
    const ref = { namespace: SYSTEM, name: 'vr-taken' };
    const runtime = await managed.bench.until(VOICE_RUNTIME, ref, 'Available', 'NotApplied');
    expect(conditionOf(runtime, 'Available')?.message).toContain('Deployment veralux-system/vr-taken exists');
    expect(JSON.stringify((await managed.shown(DEPLOYMENTS, 'vr-taken'))?.spec)).toContain('theirs');
  });
});
