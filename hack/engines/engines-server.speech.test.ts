import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { EnginesServer } from './engines-server.ts';
import { receptionistRules } from './receptionist-rules.ts';
import { type Audio, decodeWav, encodeWav } from './wav.ts';

describe('the speech engines over flite and PocketSphinx', () => {
  let server: EnginesServer;
  let base: string;

  beforeAll(async () => {
    server = new EnginesServer({
      host: '127.0.0.1',
      port: 0,
      log: silentLogger,
      path: process.env['PATH'] ?? '',
      concurrency: 2,
      maxQueued: 8,
      chat: { rules: receptionistRules, firstTokenMs: 0, tokensPerSecond: 1_000, clock: systemClock },
    });
    await server.start(() => undefined);
    base = `http://127.0.0.1:${server.port}`;
  });
  afterAll(() => server.stop());

  function speech(body: object): Promise<Response> {
    return fetch(`${base}/v1/audio/speech`, { method: 'POST', body: JSON.stringify(body) });
  }

  async function say(input: string, voice: string): Promise<Audio> {
    const reply = await speech({ model: 'kokoro', input, voice, response_format: 'wav' });
    expect(reply.status).toBe(200);
    return decodeWav(new Uint8Array(await reply.arrayBuffer()));
  }

  function transcription(fields: Record<string, string>, audio: Audio | undefined): Promise<Response> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    if (audio) form.set('file', new File([new Uint8Array(encodeWav(audio))], 'speech.wav'));
    return fetch(`${base}/v1/audio/transcriptions`, { method: 'POST', body: form });
  }

  test.each([
    ['am_adam', 'I would like to book an appointment for tomorrow morning'],
    ['kal16', 'My name is John Smith'],
  ])('what voice %s says is heard word for word', async (voice, sentence) => {
    const reply = await transcription({ model: 'whisper-1' }, await say(sentence, voice));
    expect(await reply.json()).toEqual({ text: sentence.toLowerCase() });
  });

  test('raw speech is 16-bit mono at 24 kHz', async () => {
    const reply = await speech({
      model: 'kokoro',
      input: 'Hello there.',
      voice: 'af_heart',
      response_format: 'pcm',
    });
    expect(reply.headers.get('content-type')).toBe('audio/pcm');
    const wav = await say('Hello there.', 'af_heart');
    expect(wav.sampleRateHz).toBe(24_000);
    expect((await reply.arrayBuffer()).byteLength).toBe(wav.samples.length * 2);
  });

  test('silence has no words, and the verbose form says that it is none', async () => {
    const silence = { sampleRateHz: 8_000, samples: new Int16Array(8_000) };
    const reply = await transcription({ model: 'whisper-1', response_format: 'verbose_json' }, silence);
    expect(await reply.json()).toMatchObject({ text: '', duration: 1, segments: [] });
  });

  test.each([
    ['stream', { stream: 'true' }, 'stream'],
    ['another language', { language: 'de' }, 'language'],
    ['an unknown format', { response_format: 'srt' }, 'response_format'],
    ['an unknown field', { colour: 'red' }, 'colour'],
  ])('a transcription with %s is refused by name', async (_name, fields, param) => {
    const audio = { sampleRateHz: 16_000, samples: new Int16Array(160) };
    const reply = await transcription({ model: 'whisper-1', ...fields }, audio);
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: { param, type: 'invalid_request_error' } });
  });

  test('a transcription without its file is refused', async () => {
    const reply = await transcription({ model: 'whisper-1' }, undefined);
    expect(await reply.json()).toMatchObject({ error: { param: 'file' } });
  });

  test.each([
    ['no text', { input: ' ' }, 'input'],
    ['MP3', { response_format: 'mp3' }, 'response_format'],
    ['an unknown voice', { voice: 'zz_top' }, 'voice'],
  ])('speech with %s is refused by name', async (_name, fields, param) => {
    const reply = await speech({ model: 'kokoro', input: 'Hello.', response_format: 'pcm', ...fields });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: { param } });
  });

  test('the server tells its health and its models', async () => {
    expect((await fetch(`${base}/health`)).status).toBe(200);
    expect(await (await fetch(`${base}/v1/models`)).json()).toMatchObject({ object: 'list' });
  });
});
