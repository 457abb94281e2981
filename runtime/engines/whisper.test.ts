import { afterEach, describe, expect, test } from 'vitest';
import { eventsOf } from './fakes/chat-wire.ts';
import { type Answer, chunksOf, engineServer, hang, json, status } from './fakes/engine-server.ts';
import { segment, uploadOf } from './fakes/transcription-wire.ts';
import { type TranscriptForm, Whisper } from './whisper.ts';

type Server = Awaited<ReturnType<typeof engineServer>>;
const servers: Server[] = [];
const never = new AbortController().signal;
const request = { samples: Int16Array.of(1, -2), language: 'en-GB', vocabulary: ['Nguyen', 'Acme'] };

async function setUp(script: Answer[], options: { timeoutMs?: number; answer?: TranscriptForm } = {}) {
  const { answer, ...timeout } = options;
  const server = await engineServer(script, timeout);
  servers.push(server);
  const path = '/v1/audio/transcriptions';
  return { server, whisper: new Whisper(server.client, { path, model: 'small', answer }) };
}

const html: Answer = (response) => void response.end('<html>');
const delta = (text: string) => ({ type: 'transcript.text.delta', delta: text });
const done = (text: string) => ({ type: 'transcript.text.done', text });

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('Whisper', () => {
  test('uploads a WAV with language, model and vocabulary, and answers the text', async () => {
    const { server, whisper } = await setUp([json({ text: ' Hello there. ' })]);
    expect(await whisper.transcribe(request, never)).toBe('Hello there.');
    expect(server.requests[0]?.path).toBe('/v1/audio/transcriptions');
    const { file, ...fields } = await uploadOf(server.requests[0]);
    expect(fields).toEqual({
      model: 'small',
      response_format: 'verbose_json',
      language: 'en',
      temperature: '0',
      prompt: 'Nguyen, Acme',
    });
    const wav = Buffer.from(await file.arrayBuffer());
    expect(wav.length).toBe(48);
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    expect([wav.readUInt32LE(24), wav.readInt16LE(44), wav.readInt16LE(46)]).toEqual([16_000, 1, -2]);
  });

  test.each([
    ['[BLANK_AUDIO]', ''],
    [' (music) ', ''],
    ['[Music] Yes,\n please. ♪', 'Yes, please.'],
    ['*coughs* Hello.', 'Hello.'],
    ['...', ''],
    ['Call (555) 010-0000.', 'Call (555) 010-0000.'],
  ])('of what is written, only words are heard: %s', async (text, words) => {
    const { whisper } = await setUp([json({ text })]);
    expect(await whisper.transcribe(request, never)).toBe(words);
  });

  test.each<[string, object[], string]>([
    ['words it is sure of', [segment(' Hello'), segment(' there.')], 'Hello there.'],
    ['a thanks on noise', [segment(' Thank you.', { noSpeech: 0.8, logprob: -0.9 })], ''],
    ['a loop', [segment(' no no no no', { ratio: 5 })], ''],
    [
      'noise after words',
      [segment(' Yes.'), segment(' Thank you.', { noSpeech: 0.7, logprob: -1.2 })],
      'Yes.',
    ],
    ['low words in noise', [segment(' Yes.', { noSpeech: 0.8, logprob: -0.2 })], 'Yes.'],
    ['no segments', [], ''],
  ])('what the recogniser takes for no speech is left out: %s', async (_, segments, words) => {
    const { whisper } = await setUp([json({ text: 'ignored', segments })]);
    expect(await whisper.transcribe(request, never)).toBe(words);
  });

  test('the vocabulary, where it comes back word for word, was not said', async () => {
    const vocabulary = ['Nguyen', 'Acme', 'Oslo'];
    const { whisper } = await setUp([json({ text: 'Nguyen, Acme, Oslo.' }), json({ text: 'Acme Oslo' })]);
    expect(await whisper.transcribe({ ...request, vocabulary }, never)).toBe('');
    expect(await whisper.transcribe({ ...request, vocabulary }, never)).toBe('Acme Oslo');
  });

  test('a server without the verbose form is asked for the plain one from then on', async () => {
    const { server, whisper } = await setUp([status(400), json({ text: 'a' }), json({ text: 'b' })]);
    expect(await whisper.transcribe(request, never)).toBe('a');
    expect(await whisper.transcribe(request, never)).toBe('b');
    const forms = await Promise.all(server.requests.map(uploadOf));
    expect(forms.map((form) => form.response_format)).toEqual(['verbose_json', 'json', 'json']);
  });

  test.each<[string, object[], string]>([
    ['pieces and the whole', [delta('Hel'), delta('lo.'), done('Hello.')], 'Hello.'],
    ['pieces, and a whole that is empty', [delta(' Hel'), delta('lo.'), done('')], 'Hello.'],
    ['the whole alone', [done('Hello.')], 'Hello.'],
    ['events of other types', [{ type: 'transcript.text.segment', text: 'no' }, done('Hello.')], 'Hello.'],
  ])('a transcript that comes as events is put together: %s', async (_, events, text) => {
    const bytes = Array.from(eventsOf(events), (byte) => Buffer.of(byte));
    const { server, whisper } = await setUp([chunksOf('text/event-stream; charset=utf-8', ...bytes)], {
      answer: 'stream',
    });
    expect(await whisper.transcribe(request, never)).toBe(text);
    expect((await uploadOf(server.requests[0])).stream).toBe('true');
  });

  test.each<[string, object[], string]>([
    ['breaks off', [delta('Hel')], 'engine_refused'],
    ['is an error', [{ type: 'error', error: {} }], 'engine_unavailable'],
    ['has another form', [{ text: 'Hello.' }], 'engine_refused'],
  ])('a transcript as events that %s is a failure', async (_, events, code) => {
    const stream = chunksOf('text/event-stream', eventsOf(events));
    const { whisper } = await setUp([stream, stream], { answer: 'stream' });
    await expect(whisper.transcribe(request, never)).rejects.toMatchObject({ code });
  });

  test('asks once more after a 500', async () => {
    const { server, whisper } = await setUp([status(500), json({ text: 'ok' })]);
    expect(await whisper.transcribe(request, never)).toBe('ok');
    expect(server.outcomes).toEqual(['unavailable', 'ok']);
  });

  test('keeps its connections for later requests', async () => {
    const { server, whisper } = await setUp(Array.from({ length: 6 }, () => json({ text: 'ok' })));
    for (let i = 0; i < 6; i++) await whisper.transcribe(request, never);
    // A connection is free again a moment after its answer was read.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  test.each([
    ['two 400s', [status(400), status(400)], 'engine_refused', ['refused', 'refused']],
    ['two 503s', [status(503), status(503)], 'engine_unavailable', ['unavailable', 'unavailable']],
    ['no JSON', [html, html], 'engine_refused', ['refused', 'refused']],
    ['no text', [json({ words: [] }), json({})], 'engine_refused', ['refused', 'refused']],
  ])('%s is a typed failure', async (_, script, code, outcomes) => {
    const { server, whisper } = await setUp(script);
    await expect(whisper.transcribe(request, never)).rejects.toMatchObject({ code, engine: 'under test' });
    expect(server.outcomes).toEqual(outcomes);
  });

  test('gives up on a server that hangs, and asks it no second time', async () => {
    const { server, whisper } = await setUp([hang], { timeoutMs: 50 });
    await expect(whisper.transcribe(request, never)).rejects.toMatchObject({ code: 'engine_timeout' });
    expect(server.outcomes).toEqual(['timeout']);
  });

  test('an abort is passed on as it is, is not retried and not counted as a failure', async () => {
    const abort = new AbortController();
    const reason = new Error('the caller spoke');
    const { server, whisper } = await setUp([() => abort.abort(reason)]);
    await expect(whisper.transcribe(request, abort.signal)).rejects.toBe(reason);
    expect(server.outcomes).toEqual(['aborted']);
    expect(server.requests).toHaveLength(1);
  });

  test('an engine that failed five times in a row is left alone', async () => {
    const { server, whisper } = await setUp([]);
    for (let i = 0; i < 3; i++) {
      await expect(whisper.transcribe(request, never)).rejects.toThrow();
    }
    await expect(whisper.transcribe(request, never)).rejects.toMatchObject({ code: 'engine_resting' });
    expect(server.requests).toHaveLength(5);
  });
});
