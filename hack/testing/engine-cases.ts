import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import { type VoiceRuntime, voiceRuntimeSchema } from '#crds/voice-runtime/voice-runtime.ts';

/**
 * One VoiceRuntime for each engine server that the operator can run: what is made of them stands in
 * operator/voice-runtime/engines/goldens, and a real API server is asked to take it.
 */
export const ENGINE_CASES: Readonly<Record<string, object>> = {
  'speaches-whisper': {
    stt: {
      type: 'Whisper',
      deployment: { model: 'Systran/faster-whisper-large-v3', cache: { storageClassName: 'fast' } },
    },
  },
  'speaches-voice': { tts: { type: 'OpenAICompatible', deployment: { gpus: 0, replicas: 2 } } },
  'whisper-cpp': { stt: { type: 'WhisperCpp', deployment: { gpus: 0, args: ['--threads', '8'] } } },
  'kokoro-fastapi': { tts: { type: 'Kokoro', deployment: { replicas: 3 } } },
  'xtts-streaming-server': {
    tts: { type: 'XTTS', deployment: { acceptLicense: true, cache: { size: '5Gi' } } },
  },
  vllm: {
    llm: {
      type: 'OpenAICompatible',
      model: 'brain',
      deployment: {
        model: 'Qwen/Qwen3-32B',
        gpus: 2,
        tokenSecretRef: { name: 'hugging-face' },
        cache: { size: '100Gi' },
        startupTimeoutSeconds: 3_600,
        nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
        tolerations: [{ key: 'team', value: 'voice', effect: 'NoSchedule' }],
        resources: { limits: { memory: '64Gi' } },
      },
    },
  },
  ollama: {
    llm: {
      type: 'OpenAICompatible',
      deployment: {
        server: 'Ollama',
        model: 'qwen3:8b',
        cache: {},
        env: [{ name: 'OLLAMA_NUM_PARALLEL', value: '4' }],
      },
    },
  },
};

/** A Managed VoiceRuntime `vr` with these engines; those that are missing run elsewhere. */
export function runtimeWith(engines: object, name = 'vr', namespace = 'veralux-system'): VoiceRuntime {
  return voiceRuntimeSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name, namespace, uid: '00000000-0000-4000-8000-000000000000' },
    spec: {
      telnyx: { secretRef: { name: 'telnyx' } },
      engines: enginesSchema.parse({ ...ELSEWHERE, ...engines }),
    },
  });
}

const ELSEWHERE = {
  stt: { name: 'elsewhere', type: 'Whisper', endpoint: 'http://whisper.example.com' },
  tts: { name: 'elsewhere', type: 'Kokoro', endpoint: 'http://kokoro.example.com' },
};
