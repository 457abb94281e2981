import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import {
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  type Shown,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import { simulateNodes } from '#hack/testing/simulate-nodes.ts';
import { DEPLOYMENTS, PERSISTENT_VOLUME_CLAIMS, SECRETS, SERVICES } from '#lib/kube/resource.ts';

/** The example of a whole runtime, made by an operator with its shipped rights, on nodes that KWOK plays. */
let bench: OperatorBench;
let operator: RunningOperator;
let nodes: { stop(): Promise<void> };

interface Example {
  readonly spec: {
    readonly engines: Readonly<Record<string, object>> & { readonly stt: { readonly deployment: object } };
  };
}

const EXAMPLE = new URL('../../../examples/voice-runtime-gpu/voice-runtime.yaml', import.meta.url);
const { spec } = parse(readFileSync(EXAMPLE, 'utf8')) as Example;
const gpu = { namespace: SYSTEM, name: 'gpu' };

beforeAll(async () => {
  bench = await OperatorBench.open();
  nodes = await simulateNodes(bench.cluster, [{ name: 'plain' }, { name: 'with-gpus', gpus: 3 }]);
  operator = await bench.startOperator();
  for (const name of ['hugging-face', 'speech']) {
    await bench.apply(SECRETS, { namespace: SYSTEM, name }, { stringData: { token: 't', apiKey: 'k' } });
  }
}, 120_000);

afterAll(async () => {
  await operator.stop();
  await nodes.stop();
  await bench.close();
});

function applyExample(engines: object = {}): Promise<void> {
  const telnyx = { secretRef: { name: RUNTIME.name }, applicationName: 'gpu' };
  return bench.apply(VOICE_RUNTIME, gpu, {
    spec: { ...spec, telnyx, engines: { ...spec.engines, ...engines } },
  });
}

async function engineOf(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const shown = await bench.admin.get<Shown>(VOICE_RUNTIME, gpu);
  const engines = (shown?.status?.['engines'] ?? []) as readonly Readonly<Record<string, unknown>>[];
  return engines.find((engine) => engine['name'] === name);
}

/** What a person does whose cluster makes no volumes by itself. */
async function makeVolume(name: string): Promise<void> {
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '50Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/tmp/${name}` },
    },
  };
  await bench.cluster.kubectlWithInput(JSON.stringify(volume), 'apply', '--server-side', '-f', '-');
}

test('the example says that volumes are missing, and is ready once they are there', async () => {
  await applyExample();
  const waiting = await bench.until(VOICE_RUNTIME, gpu, 'EnginesReady', 'VolumePending');
  expect(JSON.stringify(waiting.status)).toContain('kubectl describe pvc gpu-llm-brain');
  for (const name of ['one', 'two', 'three']) await makeVolume(name);
  await bench.until(VOICE_RUNTIME, gpu, 'EnginesReady', 'EnginesReady');
  await vi.waitFor(async () => {
    for (const name of ['whisper', 'whisper-cpu', 'brain', 'small', 'kokoro', 'hosted']) {
      expect(await engineOf(name), name).toMatchObject({ ready: true });
    }
  }, WAIT);
});

test("the runtime's pods are told where their engines are", async () => {
  const deployment = await bench.admin.get<Shown>(DEPLOYMENTS, gpu);
  const text = JSON.stringify(deployment);
  for (const told of ['gpu-stt-whisper', 'gpu-llm-brain', 'gpu-tts-kokoro', 'TTS_FALLBACK_1_API_KEY']) {
    expect(text).toContain(told);
  }
});

test('an engine whose image somebody changed is put back', async () => {
  const name = 'gpu-stt-whisper-cpu';
  await bench.cluster.kubectl('set', 'image', `deployment/${name}`, 'engine=other', `--namespace=${SYSTEM}`);
  await vi.waitFor(async () => {
    const text = JSON.stringify(await bench.admin.get<Shown>(DEPLOYMENTS, { namespace: SYSTEM, name }));
    expect(text).toContain('"image":"ghcr.io/ggml-org/whisper.cpp:main"');
  }, WAIT);
});

test('another size of a volume is said, and the volume is kept', async () => {
  const claim = { namespace: SYSTEM, name: 'gpu-stt-whisper' };
  const before = await bench.admin.get<Shown>(PERSISTENT_VOLUME_CLAIMS, claim);
  const { stt } = spec.engines;
  await applyExample({ stt: { ...stt, deployment: { ...stt.deployment, cache: { size: '40Gi' } } } });
  await vi.waitFor(
    async () =>
      expect((await engineOf('whisper'))?.['message']).toContain('was made with size 20Gi, not 40Gi'),
    WAIT,
  );
  const after = await bench.admin.get<Shown>(PERSISTENT_VOLUME_CLAIMS, claim);
  expect(after?.metadata.uid).toBe(before?.metadata.uid);
});

test('what a spec names no more goes', async () => {
  const { stt } = spec.engines;
  await applyExample({ stt: { ...stt, fallbacks: [] } });
  const name = 'gpu-stt-whisper-cpu';
  await vi.waitFor(async () => {
    for (const resource of [DEPLOYMENTS, SERVICES]) {
      expect(await bench.admin.get(resource, { namespace: SYSTEM, name })).toBeUndefined();
    }
  }, WAIT);
});
