import { afterEach, describe, expect, test } from 'vitest';
import { eventsOf } from './fakes/chat-wire.ts';
import { type Answer, chunks, chunksOf, engineServer } from './fakes/engine-server.ts';
import { pcmOf, streamedWav, wrongInSpeech } from './fakes/speech-wire.ts';
import { OpenAISpeech } from './openai-speech.ts';

type Server = Awaited<ReturnType<typeof engineServer>>;
const servers: Server[] = [];
const never = new AbortController().signal;
const pcm = pcmOf(1, -2, 300, -400, 5);
const samples = [1, -2, 300, -400, 5];
const byByte = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.of(byte));
const delta = (bytes: Buffer) => ({ type: 'speech.audio.delta', audio: bytes.toString('base64') });
const done = { type: 'speech.audio.done', usage: {} };
const events = (...list: (object | string)[]) =>
  chunksOf('text/event-stream; charset=utf-8', ...byByte(eventsOf(list)));

async function spoken(answer: Answer, options = { sampleRateHz: 24_000, asksForSampleRate: false }) {
  const wrong = wrongInSpeech(options.asksForSampleRate ? 'speaches' : 'openai');
  const server = await engineServer([answer, answer], { wrong });
  servers.push(server);
  const engine = new OpenAISpeech(server.client, options);
  const parts = await Array.fromAsync(engine.speak({ text: 'Hello.', speed: 1 }, never));
  return { server, samples: parts.flatMap((part) => [...part.samples]) };
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('speech of OpenAI-compatible servers', () => {
  test.each<[string, Answer]>([
    ['PCM, byte by byte', chunksOf('audio/pcm', ...byByte(pcm))],
    ['PCM that begins like a WAV', chunks(Buffer.from('RI'), pcm)],
    ['a WAV of unknown length, byte by byte', chunks(...byByte(streamedWav(pcm, { rateHz: 24_000 })))],
    ['a WAV of length 0', chunks(streamedWav(pcm, { rateHz: 24_000, bytes: 0 }))],
    [
      'a WAV with more behind its samples',
      chunks(streamedWav(Buffer.concat([pcm, Buffer.from('LIST')]), { rateHz: 24_000, bytes: 10 })),
    ],
    ['events', events(delta(pcm.subarray(0, 3)), delta(pcm.subarray(3)), done)],
    ['events that hold a WAV', events(delta(streamedWav(pcm, { rateHz: 24_000 })), done)],
    ['events that end by [DONE]', events(delta(pcm), '[DONE]')],
  ])('is read whole: %s', async (name, answer) => {
    const expected = name.includes('begins like') ? [pcmOf(0).fill('RI').readInt16LE(), ...samples] : samples;
    expect((await spoken(answer)).samples).toEqual(expected);
  });

  test('is asked for at a rate only where the server serves rates', async () => {
    const { server } = await spoken(chunks(pcm), { sampleRateHz: 8_000, asksForSampleRate: true });
    expect(JSON.parse(server.requests[0]?.body.toString() ?? '').sample_rate).toBe(8_000);
  });

  test('that comes at another rate, by its header, is brought to ours', async () => {
    const wav = streamedWav(pcmOf(...Array.from({ length: 8_000 }, () => 1_000)), { rateHz: 8_000 });
    const { samples: heard } = await spoken(chunks(wav));
    expect(heard.length / 24_000).toBeCloseTo(1, 1);
    expect(heard.length).toBeGreaterThan(24_000);
    expect(heard[12_000]).toBeCloseTo(1_000, -1);
  });

  test.each<[string, Answer, string]>([
    ['nothing', chunks(), 'engine_refused'],
    ['a single byte', chunks(Buffer.of(1)), 'engine_refused'],
    ['a header alone', chunks(streamedWav(Buffer.alloc(0), { rateHz: 24_000 })), 'engine_refused'],
    ['two channels', chunks(streamedWav(pcm, { rateHz: 24_000, channels: 2 })), 'engine_refused'],
    ['events of another form', events('oops'), 'engine_refused'],
    ['an error as an event', events({ type: 'error', error: {} }), 'engine_unavailable'],
  ])('that is %s is a failure', async (_, answer, code) => {
    await expect(spoken(answer)).rejects.toMatchObject({ code });
  });
});
