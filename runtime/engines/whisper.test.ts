import { afterEach, describe, expect, test } from 'vitest';
import { type Answer, engineServer, hang, json, status } from './fakes/engine-server.ts';
import { Whisper } from './whisper.ts';

type Server = Awaited<ReturnType<typeof engineServer>>;
const servers: Server[] = [];
const never = new AbortController().signal;
const request = { samples: Int16Array.of(1, -2), language: 'en-GB', vocabulary: ['Nguyen', 'Acme'] };

async function setUp(script: Answer[], timeoutMs?: number) {
  const server = await engineServer(script, timeoutMs === undefined ? {} : { timeoutMs });
  servers.push(server);
  const path = '/v1/audio/transcriptions';
  return { server, whisper: new Whisper(server.client, { path, model: 'small' }) };
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('Whisper', () => {
  test('uploads a WAV with language, model and vocabulary, and answers the text', async () => {
    const { server, whisper } = await setUp([json({ text: ' Hello there. ' })]);
    expect(await whisper.transcribe(request, never)).toBe('Hello there.');
    const [seen] = server.requests;
    expect(seen?.path).toBe('/v1/audio/transcriptions');
    const form = await new Response(seen?.body, {
      headers: { 'content-type': seen?.contentType ?? '' },
    }).formData();
    expect([...form.keys()]).toEqual([
      'model',
      'response_format',
      'language',
      'temperature',
      'prompt',
      'file',
    ]);
    expect(form.get('language')).toBe('en');
    expect(form.get('prompt')).toBe('Nguyen, Acme');
    const file = form.get('file');
    if (!(file instanceof File)) throw new Error('no file');
    const wav = Buffer.from(await file.arrayBuffer());
    expect(wav.length).toBe(48);
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    expect([wav.readUInt32LE(24), wav.readInt16LE(44), wav.readInt16LE(46)]).toEqual([16_000, 1, -2]);
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
    ['a 400', [status(400)], 'engine_refused', ['refused']],
    ['two 503s', [status(503), status(503)], 'engine_unavailable', ['unavailable', 'unavailable']],
    ['no JSON', [(response) => void response.end('<html>')] satisfies Answer[], 'engine_refused', ['ok']],
    ['no text', [json({ words: [] })], 'engine_refused', ['ok']],
  ])('%s is a typed failure', async (_, script, code, outcomes) => {
    const { server, whisper } = await setUp(script);
    await expect(whisper.transcribe(request, never)).rejects.toMatchObject({ code, engine: 'under test' });
    expect(server.outcomes).toEqual(outcomes);
  });

  test('gives up on a server that hangs, and asks it no second time', async () => {
    const { server, whisper } = await setUp([hang], 50);
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
