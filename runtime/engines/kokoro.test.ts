import { afterEach, describe, expect, test } from 'vitest';
import { type Answer, breakAfter, chunks, engineServer, hang, status } from './fakes/engine-server.ts';
import { pcmOf as pcm, wrongInSpeech } from './fakes/speech-wire.ts';
import { firstTextToSpeech } from './fallback.ts';
import { Kokoro } from './kokoro.ts';
import type { TextToSpeech } from './text-to-speech.ts';

type Server = Awaited<ReturnType<typeof engineServer>>;
const servers: Server[] = [];
const never = new AbortController().signal;
const request = { text: 'Hello.', voice: 'bf_emma', speed: 1.1 };

async function setUp(script: Answer[], options: { timeoutMs?: number; timestamps?: boolean } = {}) {
  const { timestamps = false, ...timeout } = options;
  const wrong = wrongInSpeech(timestamps ? 'captioned' : 'kokoro');
  const server = await engineServer(script, { ...timeout, wrong });
  servers.push(server);
  return { server, kokoro: new Kokoro(server.client, { sampleRateHz: 24_000, timestamps }) };
}

async function spoken(engine: TextToSpeech, signal = never): Promise<number[]> {
  const samples: number[] = [];
  for await (const part of engine.speak(request, signal)) samples.push(...part.samples);
  return samples;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('Kokoro', () => {
  test('asks for streamed raw PCM in the voice and speed wanted', async () => {
    const { server, kokoro } = await setUp([chunks(pcm(1, 2))]);
    await spoken(kokoro);
    expect(server.requests[0]?.path).toBe('/v1/audio/speech');
    expect(JSON.parse(server.requests[0]?.body.toString() ?? '')).toEqual({
      model: 'kokoro',
      input: 'Hello.',
      voice: 'bf_emma',
      response_format: 'pcm',
      speed: 1.1,
      stream: true,
    });
  });

  test('carries odd bytes over the ends of chunks', async () => {
    const whole = pcm(1, -2, 300, -400, 5);
    const cut = [1, 2, 5, 5, 8].map((end, i, ends) => whole.subarray(ends[i - 1] ?? 0, end));
    const { kokoro } = await setUp([chunks(...cut, whole.subarray(8))]);
    expect(await spoken(kokoro)).toEqual([1, -2, 300, -400, 5]);
  });

  test('asks again where nothing was heard yet, and not later', async () => {
    const { server, kokoro } = await setUp([
      status(500),
      chunks(pcm(1)),
      breakAfter(pcm(2, 3)),
      chunks(pcm(4)),
    ]);
    expect(await spoken(kokoro)).toEqual([1]);
    await expect(spoken(kokoro)).rejects.toMatchObject({ code: 'engine_unavailable' });
    expect(server.requests).toHaveLength(3);
  });

  test('silence instead of speech is a failure', async () => {
    const { kokoro } = await setUp([chunks()]);
    await expect(spoken(kokoro)).rejects.toMatchObject({ code: 'engine_refused' });
  });

  test('a stream that stops in the middle is given up', async () => {
    const { kokoro } = await setUp([(response) => void response.write(pcm(1))], { timeoutMs: 50 });
    await expect(spoken(kokoro)).rejects.toMatchObject({ code: 'engine_timeout' });
  });

  test('an abort in the middle ends the request and is no failure', async () => {
    const abort = new AbortController();
    const reason = new Error('the caller spoke');
    let closed: Promise<unknown> = Promise.resolve();
    const { server, kokoro } = await setUp([
      (response) => {
        closed = new Promise((resolve) => response.on('close', resolve));
        response.write(pcm(1), () => abort.abort(reason));
      },
    ]);
    await expect(spoken(kokoro, abort.signal)).rejects.toBe(reason);
    await closed;
    expect(server.outcomes).toEqual(['aborted']);
  });

  test('a listener who leaves ends the request', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const { server, kokoro } = await setUp([
      (response) => {
        closed = new Promise((resolve) => response.on('close', resolve));
        response.write(pcm(1));
      },
    ]);
    for await (const _ of kokoro.speak(request, never)) break;
    await closed;
    expect(server.outcomes).toEqual(['aborted']);
  });

  test('the next engine speaks when the preferred one fails, in a voice of its own', async () => {
    const first = await setUp([hang], { timeoutMs: 50 });
    const second = await setUp([chunks(pcm(9))]);
    expect(await spoken(firstTextToSpeech([first.kokoro, second.kokoro]))).toEqual([9]);
    expect(JSON.parse(second.server.requests[0]?.body.toString() ?? '').voice).toBe('af_heart');
  });

  test('an engine of another rate is brought to that of the preferred one', async () => {
    const first = await setUp([status(400)]);
    const second = await engineServer([chunks(pcm(...Array.from({ length: 8_000 }, () => 1_000)))]);
    servers.push(second);
    const slow = new Kokoro(second.client, { sampleRateHz: 8_000, timestamps: false });
    const samples = await spoken(firstTextToSpeech([first.kokoro, slow]));
    expect(samples.length / 24_000).toBeCloseTo(1, 1);
    // What waits in the filter at the end is heard too.
    expect(samples.length).toBeGreaterThan(24_000);
    expect(samples[12_000]).toBeCloseTo(1_000, -1);
  });

  test('tells when each word is spoken, where that is asked for', async () => {
    const line = (samples: Buffer, timestamps: object[] | null) =>
      `${JSON.stringify({ audio: samples.toString('base64'), audio_format: 'pcm', timestamps })}\n`;
    const whole = pcm(1, 2, 3, 4);
    const body = Buffer.from(
      line(whole.subarray(0, 3), [{ word: 'Héllo', start_time: 0.25, end_time: 0.5 }]) +
        line(whole.subarray(3), null).trimEnd(),
    );
    const { server, kokoro } = await setUp([chunks(...Array.from(body, (byte) => Buffer.of(byte)))], {
      timestamps: true,
    });
    const parts = await Array.fromAsync(kokoro.speak(request, never));
    expect(parts.flatMap(({ samples }) => [...samples])).toEqual([1, 2, 3, 4]);
    expect(parts.map(({ words }) => words)).toEqual([[{ text: 'Héllo', startMs: 250, endMs: 500 }], []]);
    expect(server.requests[0]?.path).toBe('/dev/captioned_speech');
    expect(kokoro.capabilities.timestamps).toBe(true);
  });

  test.each(['<html>', '{"audio":1}', ''])('an answer of another form is a failure: %s', async (body) => {
    const { kokoro } = await setUp([chunks(Buffer.from(body))], { timestamps: true });
    await expect(spoken(kokoro)).rejects.toMatchObject({ code: 'engine_refused' });
  });
});
