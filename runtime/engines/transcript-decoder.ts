import { z } from 'zod';
import { EngineError } from './engine-error.ts';
import { EventStream } from './event-stream.ts';
import type { AnswerDecoder } from './exchange.ts';
import { jsonOf } from './json-of.ts';

/** A piece of a transcript as the server wrote it. */
export interface TranscriptPart {
  readonly text: string;
  /** Whether it is the whole transcript, in place of the pieces before it. */
  readonly whole: boolean;
}

/** A transcript as events: `transcript.text.delta` for each segment, then `transcript.text.done`. */
export class TranscriptStream implements AnswerDecoder<TranscriptPart> {
  readonly #engine: string;
  readonly #events = new EventStream();
  done = false;

  constructor(engine: string) {
    this.#engine = engine;
  }

  *push(chunk: Buffer): Generator<TranscriptPart> {
    for (const { data } of this.#events.push(chunk)) yield* this.#partOf(data);
  }

  *end(): Generator<TranscriptPart> {
    for (const { data } of this.#events.end()) yield* this.#partOf(data);
    if (!this.done) throw refused(this.#engine, 'a transcript that breaks off');
  }

  *#partOf(data: string): Generator<TranscriptPart> {
    if (this.done || data === '[DONE]') return;
    const parsed = eventSchema.safeParse(jsonOf(data));
    if (!parsed.success) throw refused(this.#engine, 'an event of another form');
    const { type, delta = '', text = '' } = parsed.data;
    if (type === 'error') throw new EngineError(this.#engine, 'engine_unavailable');
    if (type === 'transcript.text.delta') yield { text: delta, whole: false };
    if (type !== 'transcript.text.done') return;
    this.done = true;
    // Servers leave the whole text empty after deltas.
    if (text !== '') yield { text, whole: true };
  }
}

/** A transcript as one JSON object, without what the recogniser itself takes for no speech. */
export class TranscriptObject implements AnswerDecoder<TranscriptPart> {
  readonly #engine: string;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  readonly done = false;

  constructor(engine: string) {
    this.#engine = engine;
  }

  push(chunk: Buffer): readonly TranscriptPart[] {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_ANSWER_BYTES) throw refused(this.#engine, 'an answer of too many bytes');
    this.#chunks.push(chunk);
    return [];
  }

  end(): readonly TranscriptPart[] {
    const parsed = answerSchema.safeParse(jsonOf(Buffer.concat(this.#chunks).toString('utf8')));
    if (!parsed.success) throw refused(this.#engine, 'an answer of another form');
    const { text, segments } = parsed.data;
    const spoken = segments?.filter((segment) => !isHallucination(segment));
    return [{ text: spoken ? spoken.map((segment) => segment.text).join(' ') : text, whole: true }];
  }
}

/**
 * Whisper writes "Thank you." and loops on noise. Its own bounds (0.6 and −1.0 together; 2.4) were
 * applied by the server already, so the bound on the probability of the words is stricter here.
 */
function isHallucination({ no_speech_prob, avg_logprob, compression_ratio }: Segment): boolean {
  return (no_speech_prob > 0.6 && avg_logprob < -0.7) || compression_ratio > 2.4;
}

const segmentSchema = z.object({
  text: z.string(),
  no_speech_prob: z
    .number()
    .nullish()
    .transform((p) => p ?? 0),
  avg_logprob: z
    .number()
    .nullish()
    .transform((p) => p ?? 0),
  compression_ratio: z
    .number()
    .nullish()
    .transform((ratio) => ratio ?? 0),
});

type Segment = z.output<typeof segmentSchema>;

const answerSchema = z.object({ text: z.string(), segments: z.array(segmentSchema).nullish() });

const eventSchema = z.object({
  type: z.string(),
  delta: z.string().optional(),
  text: z.string().optional(),
});

const MAX_ANSWER_BYTES = 1024 * 1024;

function refused(engine: string, why: string): EngineError {
  return new EngineError(engine, 'engine_refused', { cause: new Error(why) });
}
