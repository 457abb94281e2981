import { expect, test } from 'vitest';
import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { createEngines } from './create-engines.ts';
import { engineServer, json } from './fakes/engine-server.ts';

const options = {
  clock: new FakeClock(),
  observer: { answered: () => {}, finished: () => {} },
  apiKeys: {},
};
const stt = { type: 'Whisper', endpoint: 'http://127.0.0.1:1' };
const tts = { type: 'Kokoro', endpoint: 'http://127.0.0.1:1' };

test("a runtime's engines are named by kind and name", async () => {
  const engines = createEngines(enginesSchema.parse({ stt, tts: { ...tts, name: 'kokoro' } }), options);
  expect([engines.stt.name, engines.tts.name]).toEqual(['stt/default', 'tts/kokoro']);
  expect(engines.tts.capabilities.sampleRateHz).toBe(24_000);
  await engines.close();
});

test.each([
  [{ stt, tts: { ...tts, type: 'XTTS' } }, 'engines.tts "default": type XTTS is not served yet'],
  [
    { stt: { type: 'Whisper', deployment: { image: 'i', model: 'm' } }, tts },
    'engines.stt "default": no endpoint is not served yet',
  ],
  [
    { stt: { ...stt, secretRef: { name: 'key' } }, tts },
    'engines.stt "default" has a secretRef: set STT_API_KEY',
  ],
  [
    { stt, tts: { ...tts, fallbacks: [{ ...tts, name: 'second', sampleRateHertz: 16_000 }] } },
    'engines.tts "second": a sampleRateHertz other than the preferred engine has is not served yet',
  ],
])('what no adapter serves is refused by name', (config, message) => {
  expect(() => createEngines(enginesSchema.parse(config), options)).toThrow(message);
});

test('the key of an engine is sent as a bearer token, to that engine alone', async () => {
  const [first, second] = await Promise.all([engineServer([]), engineServer([json({ text: 'hello' })])]);
  const ladder = {
    ...stt,
    endpoint: first.endpoint,
    fallbacks: [{ ...stt, name: 'hosted', endpoint: second.endpoint, secretRef: { name: 'hosted' } }],
  };
  const engines = createEngines(enginesSchema.parse({ stt: ladder, tts }), {
    ...options,
    apiKeys: { STT_FALLBACK_1_API_KEY: 'secret' },
  });
  const request = { samples: new Int16Array(1), language: 'en', vocabulary: [] };
  await engines.stt.transcribe(request, new AbortController().signal);
  expect(first.requests.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  expect(second.requests.map(({ authorization }) => authorization)).toEqual(['Bearer secret']);
  await Promise.all([engines.close(), first.close(), second.close()]);
});
