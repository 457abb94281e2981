import { describeRules } from '#hack/testing/describe-rules.ts';
import { VOICE_RUNTIME } from './voice-runtime.ts';

const engine = { type: 'Whisper', endpoint: 'http://whisper:8000' };
const voice = { type: 'Kokoro', endpoint: 'http://kokoro:8880' };
const runtime = (more: object) => ({
  telnyx: { secretRef: { name: 'telnyx' } },
  engines: { stt: engine, tts: voice },
  ...more,
});
const stt = (more: object) => runtime({ engines: { stt: more, tts: voice } });
const urls = { mediaURL: 'wss://voice.example.com', webhookURL: 'https://voice.example.com/webhooks/telnyx' };

describeRules(VOICE_RUNTIME, {
  longestName: 40,
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
