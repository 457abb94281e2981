import { describeRules } from '#hack/testing/describe-rules.ts';
import { VOICE_RUNTIME } from './voice-runtime.ts';

const engine = { type: 'Whisper', endpoint: 'http://whisper:8000' };
const voice = { type: 'Kokoro', endpoint: 'http://kokoro:8880' };
const runtime = (more: object) => ({
  telnyx: { secretRef: { name: 'telnyx' } },
  engines: { stt: engine, tts: voice },
  ...more,
});
const brain = { name: 'brain', type: 'OpenAICompatible' };
const llm = (more: object) =>
  runtime({
    engines: { stt: engine, llm: { ...brain, deployment: { model: 'qwen3', ...more } }, tts: voice },
  });
const tts = (type: string, deployment: object) =>
  runtime({ engines: { stt: engine, tts: { type, deployment } } });
const spoken = (more: object) => runtime({ engines: { stt: engine, tts: { ...voice, ...more } } });
const stt = (more: object) => runtime({ engines: { stt: more, tts: voice } });
const urls = { mediaURL: 'wss://voice.example.com', webhookURL: 'https://voice.example.com/webhooks/telnyx' };

describeRules(VOICE_RUNTIME, {
  longestName: 40,
  wrongNames: [
    ['1st', 'must be a DNS label (a-z, 0-9 and -) of at most 40 characters and begin with a letter'],
    ['main-stt-b', 'may neither contain -stt-, -llm- or -tts- nor end like that'],
    ['main-tts', 'may neither contain -stt-, -llm- or -tts- nor end like that'],
  ],
  specs: [
    [
      'External needs both URLs',
      runtime({ mode: 'External', endpoint: urls }),
      runtime({ mode: 'External', endpoint: { mediaURL: urls.mediaURL } }),
      'mode External needs endpoint.mediaURL and endpoint.webhookURL',
    ],
    [
      'mediaURL is a WebSocket',
      runtime({ endpoint: { mediaURL: 'ws://a:1' } }),
      runtime({ endpoint: { mediaURL: 'http://a:1' } }),
      'must be a URL starting with ws:// or wss://',
    ],
    [
      'replicas or autoscaling',
      runtime({ autoscaling: { maxReplicas: 2, targetCallsPerReplica: 5 } }),
      runtime({ replicas: 3, autoscaling: { maxReplicas: 2, targetCallsPerReplica: 5 } }),
      'replicas and autoscaling exclude each other',
    ],
    [
      'min and max',
      runtime({ autoscaling: { minReplicas: 2, maxReplicas: 2, targetCallsPerReplica: 5 } }),
      runtime({ autoscaling: { minReplicas: 3, maxReplicas: 2, targetCallsPerReplica: 5 } }),
      'minReplicas may not be greater than maxReplicas',
    ],
    [
      'autoscaling is for Managed',
      runtime({ mode: 'External', endpoint: urls }),
      runtime({
        mode: 'External',
        endpoint: urls,
        autoscaling: { maxReplicas: 2, targetCallsPerReplica: 5 },
      }),
      'autoscaling needs mode Managed',
    ],
    [
      'an engine is somewhere',
      stt({ type: 'Whisper', deployment: { image: 'whisper' } }),
      stt({ type: 'Whisper' }),
      'give exactly one of endpoint',
    ],
    [
      'an engine is in one place',
      stt(engine),
      stt({ ...engine, deployment: { image: 'whisper' } }),
      'give exactly one of endpoint',
    ],
    [
      'fallbacks too',
      stt({ ...engine, fallbacks: [{ name: 'b', ...engine }] }),
      stt({ ...engine, fallbacks: [{ name: 'b', type: 'Whisper' }] }),
      'give exactly one of endpoint',
    ],
    [
      'engines are deployed for Managed',
      stt({ type: 'Whisper', deployment: {} }),
      {
        ...stt({ ...engine, fallbacks: [{ name: 'b', type: 'Whisper', deployment: {} }] }),
        mode: 'External',
        endpoint: urls,
      },
      'an engine with a deployment needs mode Managed',
    ],
    [
      'a fallback has a name of its own',
      stt({ ...engine, fallbacks: [{ name: 'b', ...engine }] }),
      stt({ ...engine, fallbacks: [{ name: 'default', ...engine }] }),
      'a fallback needs a name other than the preferred engine has',
    ],
    [
      "an engine's name leaves room in the name of its Service",
      stt({ ...engine, name: 'a'.repeat(18) }),
      stt({ ...engine, name: 'a'.repeat(19) }),
      'spec.engines.stt.name',
    ],
    [
      'a key belongs to an endpoint',
      stt({ ...engine, secretRef: { name: 'key' } }),
      stt({ type: 'Whisper', deployment: {}, secretRef: { name: 'key' } }),
      'secretRef is the key of an endpoint',
    ],
    [
      'a cache of one node has one pod',
      stt({ type: 'Whisper', deployment: { replicas: 2, cache: { accessMode: 'ReadWriteMany' } } }),
      stt({ type: 'Whisper', deployment: { replicas: 2, cache: {} } }),
      'several replicas share one cache',
    ],
    ['a language model is named', llm({}), llm({ model: undefined }), 'spec.engines.llm.deployment.model'],
    ['vLLM needs a GPU', llm({ gpus: 0, server: 'Ollama' }), llm({ gpus: 0 }), "vLLM's image needs a GPU"],
    [
      'Ollama has no arguments',
      llm({ server: 'VLLM', args: ['--seed=1'] }),
      llm({ server: 'Ollama', args: ['--seed=1'] }),
      'are for VLLM: leave them out for Ollama',
    ],
    [
      "the licence of XTTS's weights is accepted by a person",
      tts('XTTS', { acceptLicense: true }),
      tts('XTTS', {}),
      'set deployment.acceptLicense if you may use them',
    ],
    [
      'Kokoro has its model in its image',
      tts('OpenAICompatible', { cache: {} }),
      tts('Kokoro', { cache: {} }),
      "Kokoro's image holds its model",
    ],
    [
      'Kokoro has one model',
      tts('OpenAICompatible', { model: 'm' }),
      tts('Kokoro', { model: 'm' }),
      'Kokoro and XTTS have one model each',
    ],
    [
      'a sample rate is asked for where servers serve several',
      spoken({ type: 'OpenAICompatible', sendSampleRate: true }),
      spoken({ type: 'XTTS', sendSampleRate: true }),
      'sendSampleRate is for type OpenAICompatible',
    ],
    [
      'words in time are for Kokoro',
      spoken({ type: 'Kokoro', wordTimestamps: true }),
      spoken({ type: 'OpenAICompatible', wordTimestamps: true }),
      'wordTimestamps is for type Kokoro',
    ],
    [
      'engine types',
      stt(engine),
      stt({ ...engine, type: 'Siri' }),
      'supported values: "Whisper", "WhisperCpp"',
    ],
    [
      'quantities',
      runtime({ resources: { limits: { cpu: 2, memory: '1Gi' } } }),
      runtime({ resources: { limits: { cpu: 'two' } } }),
      'spec.resources.limits.cpu',
    ],
  ],
});
