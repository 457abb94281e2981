import { describe, expect, test } from 'vitest';
import { runtimeWith } from '#hack/testing/engine-cases.ts';
import { childMeta } from '#operator/voice-runtime/runtime-names.ts';
import type { ContainerState, DeploymentObject, PodObject } from '#operator/voice-runtime/workload.ts';
import type { EngineWorld } from './engine-plan.ts';
import { judgeEngines } from './judge-engines.ts';
import { planEngines } from './plan-engines.ts';

const whisper = { type: 'Whisper', deployment: { model: 'large', cache: { storageClassName: 'fast' } } };
const runtime = runtimeWith({ stt: whisper });
const NAME = 'vr-stt-default';
const nothing: EngineWorld = { deployments: [], pods: [], claims: [] };

function deployment(status: DeploymentObject['status'], name = NAME): DeploymentObject {
  const metadata = { name, namespace: 'veralux-system' };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, status };
}

function pod(status: PodObject['status'], engine = 'default'): PodObject {
  const metadata = childMeta(runtime, { name: 'vr-pod', component: 'stt', engine });
  return { apiVersion: 'v1', kind: 'Pod', metadata, status };
}

function container(state: Partial<ContainerState>): PodObject {
  return pod({ containerStatuses: [{ name: 'engine', ready: false, restartCount: 0, ...state }] });
}

function unscheduled(message: string): PodObject {
  return pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] });
}

function judge(world: Partial<EngineWorld>, engines: object = { stt: whisper }) {
  return judgeEngines(planEngines(runtimeWith(engines), []), { ...nothing, ...world });
}

describe('what keeps an engine from serving', () => {
  test.each<[string, Partial<EngineWorld>, string, string]>([
    ['nothing is there yet', {}, 'Starting', '0 of 1 pod is ready. Its pods are being made.'],
    [
      'pods are refused',
      {
        deployments: [
          deployment({ conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }] }),
        ],
      },
      'PodsRefused',
      'exceeded quota',
    ],
    [
      'no node has a GPU',
      { pods: [unscheduled('0/3 nodes are available: 3 Insufficient nvidia.com/gpu.')] },
      'Unschedulable',
      '3 Insufficient nvidia.com/gpu. It asks for 1 nvidia.com/gpu.',
    ],
    [
      'no storage class makes the volume',
      { pods: [unscheduled('0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.')] },
      'VolumePending',
      `Is there a StorageClass fast that makes volumes? See: kubectl describe pvc ${NAME}`,
    ],
    [
      'the image is not pulled',
      { pods: [container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } })] },
      'ImageNotPulled',
      'ghcr.io/speaches-ai/speaches:0.8.3-cuda: The pod vr-pod waits (ImagePullBackOff): not found',
    ],
    [
      'a secret is missing',
      {
        pods: [
          container({
            state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "hf" not found' } },
          }),
        ],
      },
      'ContainerRefused',
      'secret "hf" not found',
    ],
    [
      'the model is fetched by an init container',
      {
        pods: [
          pod({
            containerStatuses: [
              {
                name: 'fetch-model',
                ready: false,
                state: { running: { startedAt: '2027-01-05T08:30:00Z' } },
              },
              { name: 'engine', ready: false, state: { waiting: { reason: 'PodInitializing' } } },
            ],
          }),
        ],
      },
      'ModelLoading',
      'speaches fetches its model since 2027-01-05T08:30:00Z (pod vr-pod).',
    ],
    [
      'the model is loading',
      {
        pods: [
          container({
            started: false,
            restartCount: 2,
            state: { running: { startedAt: '2027-01-05T08:30:00Z' } },
          }),
        ],
      },
      'ModelLoading',
      'speaches loads its model since 2027-01-05T08:30:00Z (pod vr-pod); it may take 1800 s. It was started anew 2 times.',
    ],
    [
      'it used too much memory and waits for its next start',
      {
        pods: [
          container({
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
          }),
        ],
      },
      'CrashLooping',
      'was killed because it used more memory',
    ],
    [
      'it used too much memory and has just been started again',
      {
        pods: [
          container({
            started: false,
            state: { running: {} },
            lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
          }),
        ],
      },
      'CrashLooping',
      '(OOMKilled)',
    ],
    [
      'it ends by itself',
      {
        pods: [
          container({
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { reason: 'Error', exitCode: 3 } },
          }),
        ],
      },
      'CrashLooping',
      'ends again and again (Error, exit status 3)',
    ],
  ])('%s', (_, world, reason, words) => {
    const { verdict, statuses } = judge(world);
    expect(verdict).toMatchObject({ type: 'EnginesReady', status: 'False', reason });
    expect(verdict.message).toContain(`stt/default: 0 of 1 pod is ready.`);
    expect(verdict.message).toContain(words);
    expect(statuses[0]).toMatchObject({ kind: 'stt', name: 'default', ready: false });
    expect(statuses[0]?.message).toContain(words);
  });

  test('0 replicas are said to be meant', () => {
    const off = { stt: { type: 'Whisper', deployment: { replicas: 0 } } };
    expect(judge({}, off).verdict).toMatchObject({ status: 'False', reason: 'ScaledToZero' });
  });

  test("another engine's pods and pods that are going do not count", () => {
    const other = { ...unscheduled('no room'), metadata: pod({}, 'other').metadata };
    const going = { ...unscheduled('no room') };
    const gone = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2027-01-05T08:30:00Z' } };
    expect(judge({ pods: [other, gone] }).verdict.reason).toBe('Starting');
  });
});

describe('EnginesReady', () => {
  const ready = deployment({ readyReplicas: 1 });

  test('is True without a word to add when every pod serves', () => {
    const { verdict, statuses } = judge({ deployments: [ready] });
    expect(verdict).toMatchObject({
      status: 'True',
      reason: 'EnginesReady',
      message: 'Every engine is ready.',
    });
    expect(statuses[0]).toEqual({
      kind: 'stt',
      name: 'default',
      ready: true,
      endpoint: 'http://vr-stt-default.veralux-system.svc:8000',
    });
  });

  test('is True while a fallback serves, and says what does not', () => {
    const fallbacks = [{ name: 'cpu', type: 'WhisperCpp', deployment: { gpus: 0 } }];
    const engines = { stt: { ...whisper, fallbacks } };
    const world = {
      deployments: [deployment({ readyReplicas: 1 }, 'vr-stt-cpu')],
      pods: [unscheduled('3 Insufficient nvidia.com/gpu.')],
    };
    const { verdict, statuses } = judge(world, engines);
    expect(verdict).toMatchObject({ status: 'True', reason: 'EnginesReady' });
    expect(verdict.message).toContain('Each kind has an engine that is ready. stt/default: 0 of 1 pod');
    expect(statuses.map((one) => [one.name, one.ready])).toEqual([
      ['default', false],
      ['cpu', true],
      ['elsewhere', true],
    ]);
  });

  test('is True while one of several pods serves, and the status says so', () => {
    const two = { stt: { type: 'Whisper', deployment: { replicas: 2 } } };
    const { verdict, statuses } = judge({ deployments: [ready] }, two);
    expect(verdict.status).toBe('True');
    expect(statuses[0]).toMatchObject({
      ready: true,
      message: '1 of 2 pods are ready. Its pods are being made.',
    });
  });

  test('is True where all run elsewhere, since only the runtime can tell', () => {
    expect(judge({}, {}).verdict).toMatchObject({ status: 'True', reason: 'Elsewhere' });
  });

  test('a volume that was made differently is said, and stands in no way', () => {
    const spec = {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'slow',
      resources: { requests: { storage: '10Gi' } },
    };
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: NAME }, spec };
    const { verdict, statuses } = judge({ deployments: [ready], claims: [claim] });
    expect(verdict.status).toBe('True');
    expect(statuses[0]?.message).toContain('was made with size 10Gi, not 20Gi and class slow, not fast');
    const same = { ...spec, storageClassName: 'fast', resources: { requests: { storage: '20480Mi' } } };
    const told = judge({ deployments: [ready], claims: [{ ...claim, spec: same }] });
    expect(told.statuses[0]).not.toHaveProperty('message');
  });
});
