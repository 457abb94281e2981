import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import { runtimeWith } from '#hack/testing/engine-cases.ts';
import { CONTAINERS } from './engine-pod.ts';
import { planEngines } from './plan-engines.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly resources: { readonly limits?: object; readonly requests: object };
  readonly startupProbe: {
    readonly failureThreshold: number;
    readonly periodSeconds: number;
    readonly exec?: { readonly command: readonly string[] };
  };
}

interface Spec {
  readonly strategy: object;
  readonly template: {
    readonly spec: { readonly containers: readonly Container[]; readonly tolerations: readonly object[] };
  };
}

function deploymentOf(engines: object): Spec {
  const { children } = planEngines(runtimeWith(engines), []);
  const found = children.find(({ resource }) => resource.kind === 'Deployment');
  return found?.desired['spec'] as Spec;
}

function serverOf(spec: Spec): Container {
  const found = spec.template.spec.containers.find(({ name }) => name === CONTAINERS.server);
  if (found === undefined) throw new Error('the Deployment has no server');
  return found;
}

const whisper = (deployment: object) => ({ stt: { type: 'Whisper', deployment } });
const brain = (deployment: object, more: object = {}) => ({
  llm: { type: 'OpenAICompatible', ...more, deployment: { model: 'Qwen/Qwen3-8B', ...deployment } },
});

test('engines that run elsewhere need nothing in the cluster but their keys', () => {
  const stt = {
    name: 'one',
    type: 'Whisper',
    endpoint: 'http://one',
    fallbacks: [{ name: 'two', type: 'Whisper', endpoint: 'http://two', secretRef: { name: 'two' } }],
  };
  const plan = planEngines(runtimeWith({ stt }), []);
  expect(plan.children).toEqual([]);
  expect(plan.secretVariables).toEqual([{ name: 'two', key: 'apiKey', env: 'STT_FALLBACK_1_API_KEY' }]);
});

test("the runtime's pods are told endpoints and models, in a form that they accept", () => {
  const { engines } = planEngines(
    runtimeWith({
      stt: {
        type: 'Whisper',
        deployment: {},
        fallbacks: [{ name: 'cpu', type: 'WhisperCpp', deployment: { gpus: 0 } }],
      },
      ...brain({}, { model: 'brain' }),
      tts: { type: 'Kokoro', deployment: {} },
    }),
    [],
  );
  const told = enginesSchema.parse(JSON.parse(JSON.stringify(engines)));
  expect(
    [told.stt, ...told.stt.fallbacks, told.llm, told.tts].map((one) => [one?.endpoint, one?.model]),
  ).toEqual([
    ['http://vr-stt-default.veralux-system.svc:8000', 'Systran/faster-distil-whisper-small.en'],
    ['http://vr-stt-cpu.veralux-system.svc:8080', undefined],
    ['http://vr-llm-default.veralux-system.svc:8000', 'brain'],
    ['http://vr-tts-default.veralux-system.svc:8880', undefined],
  ]);
});

test('fallbacks are run as the preferred engine is', () => {
  const fallbacks = [{ name: 'second', type: 'Whisper', deployment: { cache: {} } }];
  const { children } = planEngines(runtimeWith({ stt: { type: 'Whisper', deployment: {}, fallbacks } }), []);
  expect(children.map(({ resource, desired }) => `${resource.kind} ${desired.metadata.name}`)).toEqual([
    'Service vr-stt-default',
    'NetworkPolicy vr-stt-default',
    'Deployment vr-stt-default',
    'PersistentVolumeClaim vr-stt-second',
    'Service vr-stt-second',
    'NetworkPolicy vr-stt-second',
    'Deployment vr-stt-second',
  ]);
});

test.each([
  ['one GPU cannot be had twice', { gpus: 1 }, { type: 'Recreate' }],
  ['no GPU: a new pod comes first', { gpus: 0 }, { maxSurge: 1, maxUnavailable: 0 }],
  ['several GPU pods go one by one', { replicas: 2 }, { maxSurge: 0, maxUnavailable: 1 }],
  ['a volume of one node is let go first', { gpus: 0, cache: {} }, { type: 'Recreate' }],
  [
    'a shared volume is not',
    { gpus: 0, cache: { accessMode: 'ReadWriteMany' } },
    { maxSurge: 1, maxUnavailable: 0 },
  ],
])('pods are replaced so that they can be: %s', (_, deployment, expected) => {
  const { strategy } = deploymentOf(whisper(deployment));
  expect({ ...strategy, ...(strategy as { rollingUpdate?: object }).rollingUpdate }).toMatchObject(expected);
});

test('GPUs are limits and requests alike, and their usual taint is tolerated', () => {
  const spec = deploymentOf(whisper({ gpus: 2, resources: { limits: { memory: '4Gi' } } }));
  const { limits, requests } = serverOf(spec).resources;
  expect(limits).toEqual({ memory: '4Gi', 'nvidia.com/gpu': '2' });
  expect(requests).toEqual({ cpu: '1', memory: '4Gi', 'nvidia.com/gpu': '2' });
  expect(spec.template.spec.tolerations).toEqual([
    { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  ]);
  const without = deploymentOf(whisper({ gpus: 0 }));
  expect(serverOf(without).resources).toEqual({ requests: { cpu: '1', memory: '4Gi' } });
  expect(without.template.spec.tolerations).toEqual([]);
});

test("a person's image, arguments and environment win over the operator's", () => {
  const image = 'registry.example.com/vllm@sha256:abc';
  const env = [{ name: 'VLLM_CACHE_ROOT', value: '/elsewhere' }];
  const server = serverOf(deploymentOf(brain({ image, env, args: ['--max-model-len=4096'] })));
  expect(server.image).toBe(image);
  expect(server.args?.at(-1)).toBe('--max-model-len=4096');
  expect(server.env.filter(({ name }) => name === 'VLLM_CACHE_ROOT')).toEqual(env);
});

test('the start-up probe waits as long as the spec says', () => {
  const { startupProbe } = serverOf(deploymentOf(brain({ startupTimeoutSeconds: 3_605 })));
  expect(startupProbe.failureThreshold * startupProbe.periodSeconds).toBe(3_610);
});

test('the silence that loads Whisper is a WAV file of half a second', () => {
  const { startupProbe } = serverOf(deploymentOf(whisper({})));
  const script = startupProbe.exec?.command.at(-1) ?? '';
  const [makesWav = ''] = script.split(' | curl');
  const wav = execFileSync('bash', ['-c', makesWav]);
  expect(wav.length).toBe(44 + 16_000);
  expect([wav.toString('latin1', 0, 4), wav.readUInt32LE(4), wav.toString('latin1', 8, 16)]).toEqual([
    'RIFF',
    wav.length - 8,
    'WAVEfmt ',
  ]);
  expect([wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt32LE(28)]).toEqual([
    1, 1, 16_000, 32_000,
  ]);
  expect([wav.readUInt16LE(34), wav.toString('latin1', 36, 40), wav.readUInt32LE(40)]).toEqual([
    16,
    'data',
    16_000,
  ]);
});

test('the name of a model cannot break out of a command', () => {
  const model = `a'; touch /tmp/x; echo '`;
  const { startupProbe } = serverOf(deploymentOf(whisper({ model })));
  const words = `curl() { printf '%s\\n' "$@"; }; ${startupProbe.exec?.command.at(-1)}`;
  const seen = execFileSync('bash', ['-c', words], { encoding: 'utf8' });
  expect(seen.split('\n')).toContain(`model=${model}`);
});

test('a volume that exists is wanted as it is, whatever the spec says', () => {
  const spec = {
    accessModes: ['ReadWriteMany'],
    storageClassName: 'slow',
    resources: { requests: { storage: '10Gi' } },
  };
  const metadata = { name: 'vr-stt-default', namespace: 'veralux-system' };
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec };
  const runtime = runtimeWith(whisper({ cache: { size: '20Gi', storageClassName: 'fast' } }));
  const volumeOf = (claims: readonly (typeof claim)[]) =>
    planEngines(runtime, claims).children.find(({ resource }) => resource.kind === 'PersistentVolumeClaim');
  expect(volumeOf([claim])?.desired['spec']).toEqual({ ...spec, volumeMode: 'Filesystem' });
  expect(volumeOf([])?.desired['spec']).toMatchObject({ storageClassName: 'fast' });
});
