import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { Resampler } from '#runtime/media/resampler.ts';
import { type FliteVoice, fliteVoices, synthesise } from './flite.ts';
import type { JobPool } from './job-pool.ts';
import { badField } from './openai-error.ts';
import type { Orders } from './orders.ts';
import { parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';
import { encodePcm, wavHeader } from './wav.ts';

/** Kokoro's rate, whatever the voice's own is. */
const OUTPUT_HZ = 24_000;
/** What a WAV says of its size while it is streamed. */
const UNKNOWN_BYTES = 0xffffffff;
const MAX_BODY_BYTES = 64 * 1024;

const bodySchema = z.strictObject({
  model: z.string().min(1).max(200),
  input: z.string().trim().min(1).max(4_096),
  voice: z.string().min(1).max(100).default('af_heart'),
  response_format: z.enum(['pcm', 'wav'], {
    error: 'response_format must be pcm or wav: there is no encoder for another here',
  }),
  speed: z.number().min(0.25).max(4).default(1),
  /** Audio is sent by sentence in any case. */
  stream: z.boolean().default(true),
});

/** `POST /v1/audio/speech`: text to mono 16-bit audio at 24 kHz, sentence by sentence. */
export async function speak(
  request: IncomingMessage,
  response: ServerResponse,
  { pool, orders, signal }: { readonly pool: JobPool; readonly orders: Orders; readonly signal: AbortSignal },
): Promise<void> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  const body = parseBody(bytes, bodySchema);
  const voice = fliteVoiceOf(body.voice);
  const mishap = orders.mishap('tts', bytes, signal);
  await mishap.begin();
  for (const sentence of sentencesOf(body.input)) {
    const audio = await pool.run(() => synthesise(sentence, { voice, speed: body.speed, signal }), signal);
    // Headers wait for the first audio, so that a failure before it is still an error reply.
    if (!response.headersSent) sendHead(response, body.response_format);
    const resampler = new Resampler(audio.sampleRateHz, OUTPUT_HZ);
    for (const samples of [resampler.process(mishap.cut(audio.samples)), resampler.flush()]) {
      if (!response.write(encodePcm(samples))) await once(response, 'drain', { signal });
    }
    await mishap.end();
  }
  response.end();
}

function sendHead(response: ServerResponse, format: 'pcm' | 'wav'): void {
  response.writeHead(200, { 'content-type': format === 'pcm' ? 'audio/pcm' : 'audio/wav' });
  if (format === 'wav') response.write(wavHeader(OUTPUT_HZ, 1, UNKNOWN_BYTES));
}

/** Kokoro's names by accent and sex (`af_…`, `bm_…`), or flite's own. */
function fliteVoiceOf(name: string): FliteVoice {
  const own = fliteVoices.find((voice) => voice === name);
  if (own) return own;
  if (/^[ab]f_[a-z]+$/.test(name)) return 'slt';
  if (/^am_[a-z]+$/.test(name)) return 'rms';
  if (/^bm_[a-z]+$/.test(name)) return 'awb';
  throw badField('voice', `The voice must be ${fliteVoices.join(', ')}, or one of Kokoro's English names.`);
}

/** Cut after an end mark that space follows, so that "3.5" and "Dr.Smith" stay whole. */
export function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[.!?])\s+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}
