import { z } from 'zod';
import type { EngineClient } from './engine-client.ts';
import { EngineError } from './engine-error.ts';
import type { EngineRequest } from './exchange.ts';
import type { SpeechToText, TranscribeRequest } from './speech-to-text.ts';
import { wavOf } from './wav.ts';

/**
 * Speech recognition by the interface of OpenAI's transcriptions, which Whisper servers have
 * (speaches, vLLM), and by whisper.cpp's server, which differs in its path.
 */
export class Whisper implements SpeechToText {
  readonly capabilities = { sampleRateHz: SAMPLE_RATE_HZ, vocabulary: true };
  readonly #client: EngineClient;
  readonly #options: WhisperOptions;

  constructor(client: EngineClient, options: WhisperOptions) {
    this.#client = client;
    this.#options = options;
  }

  get name(): string {
    return this.#client.name;
  }

  async transcribe(request: TranscribeRequest, signal: AbortSignal): Promise<string> {
    const wav = wavOf(request.samples, SAMPLE_RATE_HZ);
    const body = await this.#client.read(() => this.#request(wav, request), signal, MAX_ANSWER_BYTES);
    let json: unknown;
    try {
      json = JSON.parse(body.toString('utf8'));
    } catch (cause) {
      throw new EngineError(this.name, 'engine_refused', { cause });
    }
    const parsed = answerSchema.safeParse(json);
    if (!parsed.success) throw new EngineError(this.name, 'engine_refused', { cause: parsed.error });
    return parsed.data.text.trim();
  }

  /** Half a second of silence, which loads the model. */
  async warm(signal: AbortSignal): Promise<void> {
    const samples = new Int16Array(SAMPLE_RATE_HZ / 2);
    await this.transcribe({ samples, language: 'en', vocabulary: [] }, signal);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #request(wav: Buffer, { language, vocabulary }: TranscribeRequest): EngineRequest {
    const boundary = `----veralux-${crypto.randomUUID()}`;
    const fields: [string, string][] = [
      ['model', this.#options.model ?? DEFAULT_MODEL],
      ['response_format', 'json'],
      ['language', language.split('-')[0] ?? language],
      ['temperature', '0'],
    ];
    if (vocabulary.length > 0) fields.push(['prompt', vocabulary.join(', ')]);
    const head = fields.map(([name, value]) => `${part(boundary, name)}\r\n\r\n${value}\r\n`).join('');
    const file = `${part(boundary, 'file')}; filename="utterance.wav"\r\nContent-Type: audio/wav\r\n\r\n`;
    return {
      path: this.#options.path,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, accept: 'application/json' },
      body: Buffer.concat([Buffer.from(head + file), wav, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    };
  }
}

export interface WhisperOptions {
  /** `/v1/audio/transcriptions`, or whisper.cpp's `/inference`. */
  readonly path: string;
  readonly model?: string | undefined;
}

/** Whisper's own rate. */
const SAMPLE_RATE_HZ = 16_000;
/** The interface requires a model; servers of a single one take any name. */
const DEFAULT_MODEL = 'whisper-1';
const MAX_ANSWER_BYTES = 256 * 1024;

const answerSchema = z.object({ text: z.string() });

function part(boundary: string, name: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
}
