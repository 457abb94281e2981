import { z } from 'zod';
import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import type { EngineClient } from './engine-client.ts';
import { EngineError } from './engine-error.ts';
import type { Exchange } from './exchange.ts';
import { jsonOf } from './json-of.ts';
import { speakToWarm } from './speak-to-warm.ts';
import { SpeechDecoder } from './speech-decoder.ts';
import type { SpeakRequest, SpokenPart, TextToSpeech, TextToSpeechCapabilities } from './text-to-speech.ts';

/**
 * Speech synthesis by Coqui's XTTS streaming server. It knows no voices by name: each request carries
 * the latents of one, about half a megabyte of JSON. They are fetched once, all together, and kept as
 * the bytes that requests send.
 */
export class XTTS implements TextToSpeech {
  readonly capabilities: TextToSpeechCapabilities;
  readonly #client: EngineClient;
  readonly #options: XTTSOptions;
  readonly #closing = new AbortController();
  #voices: Promise<ReadonlyMap<string, Buffer>> | undefined;

  constructor(client: EngineClient, options: XTTSOptions) {
    this.#client = client;
    this.#options = options;
    this.capabilities = { sampleRateHz: options.sampleRateHz, timestamps: false };
  }

  get name(): string {
    return this.#client.name;
  }

  async *speak(request: SpeakRequest, signal: AbortSignal): AsyncGenerator<SpokenPart> {
    signal.throwIfAborted();
    const voices = await unlessAborted(this.#fetchVoices(), signal);
    const name = request.voice ?? this.#options.voice ?? voices.keys().next().value;
    const latents = voices.get(name ?? '');
    if (!latents) throw this.#refused('a voice that the server does not have');
    yield* this.#client.exchange(this.#exchange(request, latents), signal);
  }

  /** Also fetches the voices, which are megabytes to parse: before there are calls that this could hold up. */
  warm(signal: AbortSignal): Promise<void> {
    return speakToWarm(this, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client.close();
  }

  /** Shared by all who wait, so nobody's interruption ends it. A failure is forgotten, for the next to try. */
  #fetchVoices(): Promise<ReadonlyMap<string, Buffer>> {
    this.#voices ??= this.#readVoices().catch((error: unknown) => {
      this.#voices = undefined;
      throw error;
    });
    return this.#voices;
  }

  async #readVoices(): Promise<ReadonlyMap<string, Buffer>> {
    const request = {
      method: 'GET',
      path: '/studio_speakers',
      headers: { accept: 'application/json' },
    } as const;
    const body = await this.#client.read(() => request, this.#closing.signal, MAX_VOICES_BYTES);
    const voices = voicesSchema.safeParse(jsonOf(body.toString('utf8')));
    if (!voices.success) throw this.#refused('voices of another form');
    return new Map(
      Object.entries(voices.data).map(([name, latents]) => [
        name,
        Buffer.from(JSON.stringify(latents).slice(1, -1)),
      ]),
    );
  }

  #exchange({ text, language }: SpeakRequest, latents: Buffer): Exchange<SpokenPart> {
    const { sampleRateHz } = this.#options;
    const own = JSON.stringify({
      text,
      language: xttsLanguage(language ?? 'en'),
      add_wav_header: false,
      stream_chunk_size: '20',
    });
    const body = Buffer.concat([Buffer.from(`${own.slice(0, -1)},`), latents, Buffer.from('}')]);
    return {
      request: () => ({ path: '/tts_stream', headers: { 'content-type': 'application/json' }, body }),
      decoder: (mediaType) => new SpeechDecoder({ engine: this.name, sampleRateHz, mediaType }),
    };
  }

  #refused(why: string): EngineError {
    return new EngineError(this.name, 'engine_refused', { cause: new Error(why) });
  }
}

export interface XTTSOptions {
  /** Where a tenant names none; absent: the first that the server has. */
  readonly voice?: string | undefined;
  /** 24 kHz, unless the server was changed. */
  readonly sampleRateHz: number;
}

/** Nearly sixty voices of the released model, with room for as many again. */
const MAX_VOICES_BYTES = 96 * 1024 * 1024;

const voicesSchema = z
  .record(
    z.string(),
    z.object({ speaker_embedding: z.array(z.number()), gpt_cond_latent: z.array(z.array(z.number())) }),
  )
  .refine((voices) => Object.keys(voices).length > 0);

/** The server knows languages by their first subtag alone. */
function xttsLanguage(language: string): string {
  return language.split('-')[0]?.toLowerCase() ?? language;
}
