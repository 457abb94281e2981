import { z } from 'zod';
import { EngineError } from './engine-error.ts';
import type { AnswerDecoder } from './exchange.ts';
import { jsonOf } from './json-of.ts';
import { PcmSamples } from './pcm-samples.ts';
import type { SpokenPart } from './text-to-speech.ts';

/**
 * The answer of Kokoro's captioned speech: a line of JSON a group of sentences, with the sound in
 * base64 and its words in seconds from the beginning of the whole.
 */
export class CaptionedSpeechDecoder implements AnswerDecoder<SpokenPart> {
  readonly #engine: string;
  readonly #text = new TextDecoder();
  readonly #pcm = new PcmSamples();
  #line = '';
  #spoke = false;
  readonly done = false;

  constructor(engine: string) {
    this.#engine = engine;
  }

  *push(chunk: Buffer): Generator<SpokenPart> {
    const lines = (this.#line + this.#text.decode(chunk, { stream: true })).split('\n');
    this.#line = lines.pop() ?? '';
    if (this.#line.length > MAX_LINE_CHARACTERS) throw this.#refused('a line without end');
    for (const line of lines) yield* this.#partOf(line);
  }

  *end(): Generator<SpokenPart> {
    yield* this.#partOf(this.#line + this.#text.decode());
    if (!this.#spoke) throw this.#refused('no sound');
  }

  *#partOf(line: string): Generator<SpokenPart> {
    if (line.trim() === '') return;
    const parsed = lineSchema.safeParse(jsonOf(line));
    if (!parsed.success) throw this.#refused('a line of another form');
    const { audio, timestamps } = parsed.data;
    const samples = this.#pcm.push(Buffer.from(audio, 'base64'));
    if (samples.length === 0) return;
    this.#spoke = true;
    const words = timestamps.map(({ word, start_time, end_time }) => ({
      text: word,
      startMs: start_time * 1000,
      endMs: end_time * 1000,
    }));
    yield { samples, words };
  }

  #refused(why: string): EngineError {
    return new EngineError(this.#engine, 'engine_refused', { cause: new Error(why) });
  }
}

/** Voices without a phonemiser of their own have no timestamps. */
const lineSchema = z.object({
  audio: z.string(),
  timestamps: z
    .array(z.object({ word: z.string(), start_time: z.number(), end_time: z.number() }))
    .nullish()
    .transform((timestamps) => timestamps ?? []),
});

/** About a minute of 24 kHz PCM in base64: more than a clause has. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;
