import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { ManagedBench } from '#hack/testing/managed-bench.ts';
import { conditionOf, type Shown, SYSTEM, WAIT } from '#hack/testing/operator-bench.ts';
import { DEPLOYMENTS, PODS } from '#lib/kube/resource.ts';

/** What a VoiceRuntime says of pods that do not come up; the kubelet's part is played by the tests. */
let managed: ManagedBench;

const WHISPER = { type: 'Whisper', deployment: { gpus: 1, startupTimeoutSeconds: 900 } };
/** Longer than `progressDeadlineSeconds` of a runtime's Deployment. */
const LONG_AGO_MS = 1_200_000;

beforeAll(async () => {
  managed = await ManagedBench.openWithoutNodes();
}, 120_000);

afterAll(async () => {
  await managed.close();
});

type Component = 'runtime' | 'stt';

/** Waits for a pod that none of `before` is. */
function untilPod(runtime: string, component: Component, before: readonly string[] = []): Promise<string> {
  return vi.waitFor(async () => {
    const pods = await managed.podsOf(runtime, component);
    const name = pods.map(({ metadata }) => metadata.name).find((one) => !before.includes(one));
    if (name === undefined) throw new Error(`${runtime} has no pod for ${component}`);
    return name;
  }, WAIT);
}

/** The status of a pod with one container, as a kubelet or a scheduler writes it. */
async function sayOf(pod: string, component: Component, { ready = false, ...said }: Said): Promise<void> {
  const container = {
    name: component === 'runtime' ? 'runtime' : 'engine',
    image: 'veralux.test/image',
    imageID: '',
    ready,
    restartCount: 0,
    started: ready,
    ...said.container,
  };
  const scheduled = said.unschedulable === undefined ? { status: 'True' } : unschedulable(said.unschedulable);
  const status = {
    phase: container.state.running === undefined ? 'Pending' : 'Running',
    conditions: [
      { type: 'PodScheduled', ...scheduled },
      { type: 'Ready', status: ready ? 'True' : 'False' },
    ],
    containerStatuses: said.unschedulable === undefined ? [container] : [],
  };
  await managed.admin.patchStatus(PODS, { namespace: SYSTEM, name: pod }, status, {
    fieldManager: 'kubelet',
  });
}

interface Said {
  readonly ready?: boolean;
  readonly unschedulable?: string;
  readonly container: { readonly state: State; readonly lastState?: State; readonly restartCount?: number };
}

interface State {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: { readonly reason: string; readonly exitCode: number };
}

const STARTED_AT = '2026-01-02T03:04:05Z';
const serves: Said = { ready: true, container: { state: { running: { startedAt: STARTED_AT } } } };

function waits(reason: string, message: string): Said {
  return { container: { state: { waiting: { reason, message } } } };
}

function crashes(reason: string, exitCode: number): Said {
  const back = { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' };
  const lastState = { terminated: { reason, exitCode } };
  return { container: { state: { waiting: back }, lastState, restartCount: 6 } };
}

function finds(message: string): Said {
  return { unschedulable: message, container: { state: { waiting: { reason: 'Pending' } } } };
}

function unschedulable(message: string) {
  return { status: 'False', reason: 'Unschedulable', message };
}

/** Waits until a condition of the runtime says exactly this. */
function untilItSays(
  name: string,
  type: string,
  expected: { readonly reason: string; readonly message: string },
): Promise<Shown> {
  return vi.waitFor(async () => {
    const shown = await managed.shown(VOICE_RUNTIME, name);
    if (shown === undefined) throw new Error(`there is no VoiceRuntime ${name}`);
    expect(conditionOf(shown, type)).toMatchObject(expected);
    return shown;
  }, WAIT);
}

const IMAGE = 'Back-off pulling image "veralux.test/image": not found';
const NO_ROOM = '0/3 nodes are available: 3 Insufficient cpu.';
const NO_GPU = '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.';

describe('a Managed VoiceRuntime says what keeps its pods', () => {
  test.each<[string, Said, string, (pod: string) => string]>([
    [
      'its image is not pulled',
      waits('ImagePullBackOff', IMAGE),
      'ImageNotPulled',
      (pod) => `The pod ${pod} waits (ImagePullBackOff): ${IMAGE}`,
    ],
    [
      'its program ends again and again',
      crashes('Error', 78),
      'CrashLooping',
      (pod) => `The pod ${pod} ends again and again (Error, exit status 78): kubectl logs ${pod} --previous`,
    ],
    [
      'a Secret cannot be mounted',
      waits('CreateContainerConfigError', 'secret "telnyx" not found'),
      'ContainerRefused',
      (pod) => `The pod ${pod} cannot start (CreateContainerConfigError): secret "telnyx" not found`,
    ],
    [
      'no node has room',
      finds(NO_ROOM),
      'Unschedulable',
      (pod) => `No node takes the pod ${pod}: ${NO_ROOM}`,
    ],
  ])('%s, and is available once they serve', async (_case, said, reason, message) => {
    const name = `st-${reason.toLowerCase()}`;
    await managed.applyRuntime(name);
    const pod = await untilPod(name, 'runtime');
    await sayOf(pod, 'runtime', said);
    const shown = await untilItSays(name, 'Available', { reason, message: message(pod) });
    expect(conditionOf(shown, 'Ready')?.message).toBe(`Available: ${message(pod)}`);
    await sayOf(pod, 'runtime', serves);
    await untilItSays(name, 'Available', {
      reason: 'PodsServing',
      message: 'There are pods that take calls.',
    });
  });
});

describe('a Managed VoiceRuntime says what keeps an engine', () => {
  test.each<[string, Said, string, (pod: string, image: string) => string]>([
    [
      'no node has a GPU',
      finds(NO_GPU),
      'Unschedulable',
      (pod) => `No node takes the pod ${pod}: ${NO_GPU} It asks for 1 nvidia.com/gpu.`,
    ],
    [
      'its image is not pulled',
      waits('ErrImagePull', 'manifest unknown'),
      'ImageNotPulled',
      (pod, image) => `${image}: The pod ${pod} waits (ErrImagePull): manifest unknown`,
    ],
    [
      'its model still loads, as its start-up probe has it',
      { container: { state: { running: { startedAt: STARTED_AT } } } },
      'ModelLoading',
      (pod) => `speaches loads its model since ${STARTED_AT} (pod ${pod}); it may take 900 s.`,
    ],
    [
      'it takes more memory than it may',
      crashes('OOMKilled', 137),
      'CrashLooping',
      (pod) =>
        `The container engine of the pod ${pod} was killed because it used more memory than its limit or its ` +
        'node has (OOMKilled): raise deployment.resources, or take a smaller model.',
    ],
  ])('%s, and is ready once it serves', async (_case, said, reason, message) => {
    const name = `st-engine-${reason.toLowerCase()}`;
    await managed.applyRuntime(name, { engines: { ...managed.engines, stt: WHISPER } });
    const pod = await untilPod(name, 'stt');
    await sayOf(pod, 'stt', said);
    const text = `0 of 1 pod is ready. ${message(pod, await imageOf(`${name}-stt-default`))}`;
    const shown = await untilItSays(name, 'EnginesReady', { reason, message: `stt/default: ${text}` });
    const [stt] = (shown.status?.['engines'] ?? []) as readonly object[];
    expect(stt).toMatchObject({ kind: 'stt', ready: false, message: text });
    await sayOf(pod, 'stt', serves);
    await untilItSays(name, 'EnginesReady', { reason: 'EnginesReady', message: 'Every engine is ready.' });
  });
});

test('a rollout that is stuck says why, while the pods of before serve on', async () => {
  const name = 'st-rollout';
  await managed.applyRuntime(name, { image: 'veralux.test/image:1' });
  const old = await untilPod(name, 'runtime');
  await sayOf(old, 'runtime', serves);
  await untilItSays(name, 'Available', { reason: 'PodsServing', message: 'There are pods that take calls.' });
  await managed.applyRuntime(name, { image: 'veralux.test/image:2' });
  const pod = await untilPod(name, 'runtime', [old]);
  await sayOf(pod, 'runtime', waits('ImagePullBackOff', IMAGE));
  const trouble = `The pod ${pod} waits (ImagePullBackOff): ${IMAGE}`;
  await untilItSays(name, 'Progressing', {
    reason: 'RollingOut',
    message: `1 of 1 pods are made, 1 ready. ${trouble}`,
  });
  await letDeadlinePass(name);
  const message = `New pods do not become ready; those of before keep the calls. ${trouble}`;
  const shown = await untilItSays(name, 'Progressing', { reason: 'RolloutStuck', message });
  expect(conditionOf(shown, 'Available')).toMatchObject({ status: 'True', reason: 'PodsServing' });
  expect(conditionOf(shown, 'Ready')).toMatchObject({ status: 'False', message: `Progressing: ${message}` });
  expect((await managed.podsOf(name)).map(({ metadata }) => metadata.name)).toContain(old);
});

async function imageOf(deployment: string): Promise<string> {
  const shown = (await managed.shown(DEPLOYMENTS, deployment)) as unknown as {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { image: string }[] } };
    };
  };
  return shown.spec.template.spec.containers[0]?.image ?? '';
}

/** Has the controller-manager find that a rollout has made no progress for longer than it may. */
async function letDeadlinePass(name: string): Promise<void> {
  const at = new Date(Date.now() - LONG_AGO_MS).toISOString();
  const conditions = (await managed.shown(DEPLOYMENTS, name))?.status?.conditions ?? [];
  const aged = conditions.map((one) => (one.type === 'Progressing' ? { ...one, lastUpdateTime: at } : one));
  const ref = { namespace: SYSTEM, name };
  await managed.admin.patchStatus(DEPLOYMENTS, ref, { conditions: aged }, { fieldManager: 'test' });
}
