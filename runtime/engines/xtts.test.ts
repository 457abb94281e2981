import { afterEach, describe, expect, test } from 'vitest';
import { type Answer, chunks, engineServer, hang, json, status } from './fakes/engine-server.ts';
import { pcmOf, studioSpeakers, wrongInSpeech } from './fakes/speech-wire.ts';
import { XTTS } from './xtts.ts';

type Server = Awaited<ReturnType<typeof engineServer>>;
const servers: Server[] = [];
const never = new AbortController().signal;
const speech = chunks(pcmOf(1, 2));

async function setUp(script: Answer[], options: { timeoutMs?: number; voice?: string } = {}) {
  const { voice, ...timeout } = options;
  const server = await engineServer(script, { ...timeout, wrong: wrongInSpeech('xtts') });
  servers.push(server);
  return { server, xtts: new XTTS(server.client, { sampleRateHz: 24_000, voice }) };
}

async function spoken(xtts: XTTS, request: { voice?: string; language?: string } = {}, signal = never) {
  const parts = await Array.fromAsync(xtts.speak({ text: 'Hello.', speed: 1, ...request }, signal));
  return parts.flatMap(({ samples }) => [...samples]);
}

const sent = (server: Server) =>
  server.requests.filter(({ path }) => path === '/tts_stream').map(({ body }) => JSON.parse(body.toString()));

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('XTTS', () => {
  test('is sent the latents of the voice with each request, and asked for them once', async () => {
    const { server, xtts } = await setUp([json(studioSpeakers), speech, speech]);
    expect(await spoken(xtts, { voice: 'Andrew Chipper', language: 'en-US' })).toEqual([1, 2]);
    await spoken(xtts, { language: 'de' });
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/studio_speakers',
      '/tts_stream',
      '/tts_stream',
    ]);
    expect(sent(server)).toEqual([
      {
        text: 'Hello.',
        language: 'en',
        add_wav_header: false,
        stream_chunk_size: '20',
        ...studioSpeakers['Andrew Chipper'],
      },
      expect.objectContaining({ language: 'de', ...studioSpeakers['Claribel Dervla'] }),
    ]);
  });

  test("speaks by default in the engine's own voice", async () => {
    const { server, xtts } = await setUp([json(studioSpeakers), speech], { voice: 'Andrew Chipper' });
    await xtts.warm(never);
    expect(sent(server)[0]).toMatchObject(studioSpeakers['Andrew Chipper']);
  });

  test('asks for the voices once for all who speak at the same time', async () => {
    const { server, xtts } = await setUp([json(studioSpeakers), speech, speech, speech]);
    await Promise.all([spoken(xtts), spoken(xtts), spoken(xtts)]);
    expect(server.requests.filter(({ path }) => path === '/studio_speakers')).toHaveLength(1);
  });

  test('asks for the voices again after it failed to get them', async () => {
    const { xtts } = await setUp([status(500), status(500), json(studioSpeakers), speech]);
    await expect(spoken(xtts)).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(await spoken(xtts)).toEqual([1, 2]);
  });

  test.each<[string, Answer[], { voice?: string }]>([
    ['a voice that is not there', [json(studioSpeakers)], { voice: 'Nobody' }],
    ['no voices', [json({})], {}],
    ['voices of another form', [json({ Ann: { embedding: [] } })], {}],
    ['voices that are no JSON', [(response) => void response.end('<html>')], {}],
  ])('%s is a failure', async (_, script, request) => {
    const { xtts } = await setUp(script);
    await expect(spoken(xtts, request)).rejects.toMatchObject({ code: 'engine_refused' });
  });

  test('an interruption does not wait for the voices', async () => {
    const { xtts } = await setUp([hang]);
    const abort = new AbortController();
    const reason = new Error('the caller spoke');
    const speaking = spoken(xtts, {}, abort.signal);
    abort.abort(reason);
    await expect(speaking).rejects.toBe(reason);
    await xtts.close();
  });
});
