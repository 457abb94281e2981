import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Admission } from '#hack/testing/admission.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { VOICE_RUNTIME, type VoiceRuntime } from './voice-runtime.ts';

const spec = {
  telnyx: { secretRef: { name: 'telnyx' } },
  engines: {
    stt: { type: 'Whisper', endpoint: 'http://whisper:8000' },
    tts: { type: 'Kokoro', endpoint: 'http://kokoro:8880' },
  },
};
const fixed = { name: 'scale-fixed', namespace: 'default' };
const sized = { name: 'scale-sized', namespace: 'default' };

describe('kubectl scale on a VoiceRuntime', () => {
  let admission: Admission;
  beforeAll(async () => {
    admission = new Admission();
    await admission.store(VOICE_RUNTIME, fixed.name, spec);
    const autoscaling = { maxReplicas: 5, targetCallsPerReplica: 20 };
    await admission.store(VOICE_RUNTIME, sized.name, { ...spec, autoscaling });
  });
  afterAll(async () => {
    await admission.remove(VOICE_RUNTIME, fixed.name);
    await admission.remove(VOICE_RUNTIME, sized.name);
    await admission.client.close();
  });

  test('sets replicas, also where the manifest never mentioned them', async () => {
    await testCluster().kubectl('scale', 'voiceruntime', fixed.name, '--replicas=3');
    const runtime = await admission.client.get<VoiceRuntime>(VOICE_RUNTIME, fixed);
    expect(runtime?.spec.replicas).toBe(3);
  });

  test('is refused with a reason while the operator sizes the runtime', async () => {
    await expect(testCluster().kubectl('scale', 'vr', sized.name, '--replicas=3')).rejects.toThrow(
      'replicas and autoscaling exclude each other',
    );
  });

  test('a status with conditions is kept, and its columns are shown', async () => {
    const ready = {
      type: 'Ready',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2027-01-05T08:30:00Z',
      reason: 'Ready',
      message: '',
    };
    const status = { replicas: 1, readyReplicas: 1, selector: 'app=runtime', conditions: [ready] };
    const shown = await admission.client.apply<VoiceRuntime>(
      VOICE_RUNTIME,
      { metadata: fixed, status },
      { fieldManager: 'veralux-test', force: true, subresource: 'status', dryRun: true },
    );
    expect(shown.status).toMatchObject(status);
    const table = await testCluster().kubectl('get', 'veralux', '--namespace=default');
    expect(table).toMatch(/NAME +MODE +REPLICAS +CALLS +READY +REASON +AGE/);
  });
});
