import type { EventSourceMessage } from 'eventsource-parser';
import { z } from 'zod';
import { Resampler } from '#runtime/media/resampler.ts';
import { EngineError } from './engine-error.ts';
import { EventStream } from './event-stream.ts';
import type { AnswerDecoder } from './exchange.ts';
import { jsonOf } from './json-of.ts';
import { PcmSamples } from './pcm-samples.ts';
import { StreamedWav } from './streamed-wav.ts';
import type { SpokenPart } from './text-to-speech.ts';

/**
 * The answer of a speech server → samples at one rate. It comes as raw PCM, as a WAV file, or as
 * events `speech.audio.delta` that hold either in base64.
 */
export class SpeechDecoder implements AnswerDecoder<SpokenPart> {
  readonly #options: SpeechDecoderOptions;
  readonly #events: EventStream | undefined;
  readonly #wav = new StreamedWav();
  readonly #pcm = new PcmSamples();
  #resampler: Resampler | undefined;
  #spoke = false;
  done = false;

  constructor(options: SpeechDecoderOptions) {
    this.#options = options;
    this.#events = options.mediaType === 'text/event-stream' ? new EventStream() : undefined;
  }

  *push(chunk: Buffer): Generator<SpokenPart> {
    if (!this.#events) yield* this.#partOf(this.#wav.push(chunk));
    else for (const event of this.#events.push(chunk)) yield* this.#ofEvent(event);
  }

  *end(): Generator<SpokenPart> {
    for (const event of this.#events?.end() ?? []) yield* this.#ofEvent(event);
    yield* this.#partOf(this.#wav.end());
    if (this.#resampler) yield { samples: this.#resampler.flush() };
    // A sentence without sound would be dead air.
    if (!this.#spoke) throw refused(this.#options.engine, 'no sound');
  }

  *#ofEvent({ event, data }: EventSourceMessage): Generator<SpokenPart> {
    if (this.done || data === '[DONE]') return;
    const parsed = eventSchema.safeParse(jsonOf(data));
    if (!parsed.success) throw refused(this.#options.engine, 'an event of another form');
    const { type = event, audio = '' } = parsed.data;
    if (type === 'error') throw new EngineError(this.#options.engine, 'engine_unavailable');
    if (type === 'speech.audio.done') this.done = true;
    yield* this.#partOf(this.#wav.push(Buffer.from(audio, 'base64')));
  }

  *#partOf(bytes: Buffer): Generator<SpokenPart> {
    const samples = this.#pcm.push(bytes);
    if (samples.length === 0) return;
    this.#spoke = true;
    const { sampleRateHz } = this.#options;
    const fromHz = this.#wav.sampleRateHz ?? sampleRateHz;
    if (fromHz !== sampleRateHz) this.#resampler ??= new Resampler(fromHz, sampleRateHz);
    yield { samples: this.#resampler?.process(samples) ?? samples };
  }
}

export interface SpeechDecoderOptions {
  readonly engine: string;
  /** The rate of raw PCM, and of what comes out. */
  readonly sampleRateHz: number;
  readonly mediaType: string;
}

const eventSchema = z.object({ type: z.string().optional(), audio: z.string().optional() });

function refused(engine: string, why: string): EngineError {
  return new EngineError(engine, 'engine_refused', { cause: new Error(why) });
}
