import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Logger } from '#lib/log/logger.ts';
import type { JobPool } from './job-pool.ts';
import { badField, OpenAIError } from './openai-error.ts';
import type { Orders } from './orders.ts';
import type { Pocketsphinx } from './pocketsphinx.ts';
import { readBody } from './read-body.ts';
import { type Audio, decodeWav, WavError } from './wav.ts';

/** OpenAI's own bound on an upload. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;
/** Recognition takes about a quarter of the audio's time: what is longer would outlast the time-out. */
const MAX_AUDIO_SECONDS = 120;

const fieldsSchema = z.strictObject({
  model: z.string().min(1).max(200),
  language: z.string().min(2).max(35).default('en'),
  /** Taken and left aside, as a small acoustic model has no use for it. */
  prompt: z.string().max(10_000).default(''),
  response_format: z.enum(['json', 'verbose_json', 'text']).default('json'),
  temperature: z.coerce.number().min(0).max(1).default(0),
  stream: z
    .literal('false', { error: 'Streamed transcription is not supported here; leave stream out' })
    .default('false'),
});

/** `POST /v1/audio/transcriptions`: an OpenAI multipart upload of a WAV to its words. */
export async function transcribe(
  request: IncomingMessage,
  response: ServerResponse,
  engine: TranscriptionEngine,
): Promise<void> {
  const { recogniser, pool, orders, signal, log } = engine;
  const body = await readBody(request, MAX_BODY_BYTES);
  const mishap = orders.mishap('stt', body, signal);
  const { audio, fields } = await readUpload(request, body);
  const { grammar } = orders;
  if (!grammar && !ENGLISH.test(fields.language))
    throw badField('language', 'Only English (en) is spoken here.');
  const seconds = audio.samples.length / audio.sampleRateHz;
  if (seconds > MAX_AUDIO_SECONDS) {
    throw badField(
      'file',
      `The audio is ${seconds.toFixed(0)} s long; at most ${MAX_AUDIO_SECONDS} s are taken.`,
    );
  }
  await mishap.begin();
  const text = await pool.run(() => recogniser.recognise(audio, signal, grammar), signal);
  recogniser.standBy(grammar, log);
  await mishap.end();
  if (fields.response_format === 'text') {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
    return;
  }
  const answer = fields.response_format === 'json' ? { text } : verbose(text, seconds);
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

export interface TranscriptionEngine {
  readonly recogniser: Pocketsphinx;
  readonly pool: JobPool;
  readonly orders: Orders;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

const ENGLISH = /^en(-[A-Za-z]{2})?$/;

/** What was uploaded: 16-bit mono of any rate, and the fields beside it. Throws an OpenAIError. */
export async function readUpload(
  request: IncomingMessage,
  body: Buffer<ArrayBuffer>,
): Promise<{ audio: Audio; fields: Fields }> {
  const contentType = request.headers['content-type'] ?? '';
  if (!contentType.startsWith('multipart/form-data')) {
    throw new OpenAIError(415, 'unsupported_media_type', 'The body must be multipart/form-data.');
  }
  const form = await new Response(body, { headers: { 'content-type': contentType } })
    .formData()
    .catch((error: unknown) => {
      throw Object.assign(new OpenAIError(400, 'invalid_multipart', 'The multipart body cannot be read.'), {
        cause: error,
      });
    });
  const { file, ...texts } = Object.fromEntries(form);
  if (!(file instanceof Blob)) throw badField('file', 'The file is missing.');
  const fields = fieldsSchema.safeParse(texts);
  if (!fields.success) {
    const issue = fields.error.issues[0];
    const param = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
    throw badField(param ?? '', `${issue?.message ?? 'A field is wrong'}.`);
  }
  try {
    return { audio: decodeWav(new Uint8Array(await file.arrayBuffer())), fields: fields.data };
  } catch (error) {
    if (error instanceof WavError) throw badField('file', error.message);
    throw error;
  }
}

type Fields = z.output<typeof fieldsSchema>;

/** Whisper's verbose form with one segment; the recogniser gives no confidence worth passing on. */
function verbose(text: string, seconds: number): object {
  const spoken = text !== '';
  const segment = {
    id: 0,
    seek: 0,
    start: 0,
    end: seconds,
    text,
    tokens: [],
    temperature: 0,
    avg_logprob: 0,
    compression_ratio: 1,
    no_speech_prob: spoken ? 0.05 : 0.95,
  };
  return {
    task: 'transcribe',
    language: 'english',
    duration: seconds,
    text,
    segments: spoken ? [segment] : [],
  };
}
