import { describe, expect, test } from 'vitest';
import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { createEngines } from './create-engines.ts';
import { chunkOf, DONE, eventStream } from './fakes/chat-wire.ts';
import { chunks, engineServer, json, status } from './fakes/engine-server.ts';
import { pcmOf } from './fakes/speech-wire.ts';

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
  expect(engines.llm).toBeUndefined();
  await engines.close();
});

test('a language model is there where one is configured, and is warmed with the others', async () => {
  const server = await engineServer([eventStream(chunkOf({ content: 'H' }, 'length'), DONE)]);
  const engines = createEngines(
    enginesSchema.parse({
      stt,
      tts,
      llm: {
        type: 'OpenAICompatible',
        endpoint: server.endpoint,
        secretRef: { name: 'key' },
        model: 'small',
      },
    }),
    { ...options, apiKeys: { LLM_API_KEY: 'secret' } },
  );
  expect(engines.llm?.name).toBe('llm/default');
  await engines.llm?.warm(new AbortController().signal);
  expect(server.requests[0]).toMatchObject({ path: '/v1/chat/completions', authorization: 'Bearer secret' });
  expect(JSON.parse(server.requests[0]?.body.toString() ?? '').model).toBe('small');
  await expect(engines.warm(new AbortController().signal)).rejects.toThrow();
  await Promise.all([engines.close(), server.close()]);
});

test.each([
  [
    { stt: { type: 'Whisper', deployment: { image: 'i', model: 'm' } }, tts },
    'engines.stt "default" has no endpoint',
  ],
  [
    { stt: { ...stt, secretRef: { name: 'key' } }, tts },
    'engines.stt "default" has a secretRef: set STT_API_KEY',
  ],
])('what is missing is told by name', (config, message) => {
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

describe('a voice belongs to the engine that is to speak, and others have their own', () => {
  test.each([
    ['the first where none is named', {}, ['first anna']],
    ['the one that is named', { engine: 'premium' }, ['second anna']],
    [
      'the first where the named one refuses',
      { engine: 'premium', fails: true },
      ['second anna', 'first own'],
    ],
    ['the first where none has the name', { engine: 'gone' }, ['first own']],
  ])('%s', async (_case, { engine, fails = false }: { engine?: string; fails?: boolean }, asked) => {
    const seen: string[] = [];
    const noting = (server: string) => (body: Buffer) => {
      seen.push(`${server} ${JSON.parse(body.toString()).voice}`);
      return undefined;
    };
    const [first, second] = await Promise.all([
      engineServer([chunks(pcmOf(1, 2))], { wrong: noting('first') }),
      engineServer([fails ? status(400, {}) : chunks(pcmOf(1, 2))], { wrong: noting('second') }),
    ]);
    const ladder = {
      ...tts,
      endpoint: first.endpoint,
      voice: 'own',
      fallbacks: [{ ...tts, name: 'premium', endpoint: second.endpoint, voice: 'other' }],
    };
    const engines = createEngines(enginesSchema.parse({ stt, tts: ladder }), options);
    const request = { text: 'Hello.', speed: 1, voice: 'anna', engine };
    await Array.fromAsync(engines.tts.speak(request, new AbortController().signal));
    expect(seen).toEqual(asked);
    await Promise.all([engines.close(), first.close(), second.close()]);
  });
});
