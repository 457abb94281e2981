import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { voiceRuntimeSchema } from '#crds/voice-runtime/voice-runtime.ts';
import { loadConfig } from '#lib/config/config.ts';
import { planEngines } from '#operator/voice-runtime/engines/plan-engines.ts';
import { podTemplate } from '#operator/voice-runtime/pod-template.ts';
import { runtimeOptions } from '#runtime/config.ts';

interface Variable {
  readonly name: string;
  readonly value?: string;
}

/** What a Secret or the pod itself gives; the values are not the operator's to know. */
const FILLED_IN = {
  POD_NAME: 'shared-7d9c-x2x2x',
  POD_IP: '10.0.0.7',
  REDIS_URL: 'redis://redis:6379',
  CALL_TOKEN_SECRET: 'x'.repeat(43),
  TELNYX_API_KEY: 'key',
  TELNYX_PUBLIC_KEY: Buffer.alloc(32).toString('base64'),
};

test.each([
  ['starts with the settings that the operator gives its pods', 'application-1'],
  ['starts before its application is known, too', undefined],
])('a runtime %s', (_name, connectionID) => {
  const runtime = voiceRuntimeSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name: 'shared', namespace: 'veralux-system', uid: 'u' },
    spec: {
      callsPerReplica: 20,
      maxCallDurationSeconds: 600,
      telnyx: { secretRef: { name: 'telnyx' } },
      engines: {
        stt: { type: 'Whisper', deployment: {} },
        tts: { type: 'Kokoro', endpoint: 'http://kokoro:8880' },
      },
    },
  });
  const template = podTemplate(runtime, {
    plan: planEngines(runtime, []),
    settings: { image: undefined, redisURL: 'redis://a', telnyxBaseURL: 'https://api.telnyx.com/v2' },
    image: 'veralux:1',
    mediaURL: 'wss://voice.example.com',
    connectionID,
    secretsDigest: 'd',
  }) as {
    spec: { terminationGracePeriodSeconds: number; containers: { command: string[]; env: Variable[] }[] };
  };
  const variables = template.spec.containers[0]?.env ?? [];
  const names = variables.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(Object.keys(FILLED_IN)));
  expect(Object.keys(runtimeOptions)).toEqual(expect.arrayContaining(names));

  // Node.js refuses to start with an option that it does not know.
  const [, ...args] = template.spec.containers[0]?.command ?? [];
  expect(args.at(-1)).toBe('runtime/main.ts');
  expect(spawnSync(process.execPath, [...args.slice(0, -1), '-e', '']).status).toBe(0);
  const values = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  const config = loadConfig(runtimeOptions, { ...values, ...FILLED_IN });
  expect(config).toMatchObject({
    RUNTIME_NAME: 'veralux-system/shared',
    MEDIA_URL: 'wss://voice.example.com',
    CALLS_PER_POD: 20,
    MAX_CALL_DURATION_SECONDS: 600,
    ENGINES: { stt: { endpoint: expect.stringContaining('http://shared-stt-') } },
  });
  expect(config.TELNYX_CONNECTION_ID).toBe(connectionID);
  // Kubernetes gives a pod longer than it needs for its last call.
  expect(template.spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(config.DRAIN_TIMEOUT_MS);
  expect(config.DRAIN_TIMEOUT_MS).toBeGreaterThan(600_000);
});
