import type { SpeakRequest, TextToSpeech } from '#runtime/engines/text-to-speech.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { ClauseCutter } from './clauses.ts';
import type { SpokenClause } from './heard-text.ts';

/**
 * Turns a text that is still being written into samples at the carrier's rate, clause by clause and ahead of the one
 * who plays them, by no more than `maxAheadMs`. Begins at once; ends with its text, with a failure, or when aborted.
 */
export class Synthesis {
  readonly #options: SynthesisOptions;
  readonly #pieces: Int16Array[] = [];
  readonly #first = Promise.withResolvers<void>();
  #aheadMs = 0;
  #writtenMs = 0;
  #ended = false;
  #failure: unknown;
  #textAtMs: number | undefined;
  #soundAtMs: number | undefined;
  /** Resolves when there is news for the one who waits: more samples for the reader, or room for the writer. */
  #news = Promise.withResolvers<void>();
  readonly clauses: SpokenClause[] = [];

  constructor(options: SynthesisOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Resolves with the first samples, or at the end where there are none. */
  get begun(): Promise<void> {
    return this.#first.promise;
  }

  /** How much was made by now. */
  get writtenMs(): number {
    return this.#writtenMs;
  }

  /** When the first text was there, and the first samples of it, in wall-clock epoch ms. */
  get times(): SynthesisTimes {
    return { textAtMs: this.#textAtMs, soundAtMs: this.#soundAtMs };
  }

  /** The samples; throws what the text or the engine threw, or the abort. To be read once. */
  async *samples(): AsyncGenerator<Int16Array, void> {
    for (;;) {
      this.#options.signal.throwIfAborted();
      const piece = this.#pieces.shift();
      if (piece) {
        this.#aheadMs -= this.#msOf(piece);
        this.#tell();
        yield piece;
      } else if (!this.#ended) await this.#news.promise;
      else if (this.#failure === undefined) return;
      else throw this.#failure;
    }
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#options;
    const onAbort = () => this.#tell();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#speakAll();
    } catch (error) {
      this.#failure = error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#ended = true;
      this.#first.resolve();
      this.#tell();
    }
  }

  async #speakAll(): Promise<void> {
    const { text, tts, sampleRateHz } = this.#options;
    const resampler = new Resampler(tts.capabilities.sampleRateHz, sampleRateHz);
    const cutter = new ClauseCutter();
    for await (const piece of text) {
      this.#textAtMs ??= this.#options.clock.now();
      for (const clause of cutter.push(piece)) await this.#speak(clause, resampler);
    }
    for (const clause of cutter.flush()) await this.#speak(clause, resampler);
    this.#put(resampler.flush());
  }

  async #speak(text: string, resampler: Resampler): Promise<void> {
    const { tts, requestOf, signal } = this.#options;
    const startMs = this.#writtenMs;
    const clause: SpokenClause = { text, startMs, endMs: startMs, complete: false, words: [] };
    this.clauses.push(clause);
    for await (const { samples, words = [] } of tts.speak(requestOf(text), signal)) {
      this.#put(resampler.process(samples));
      clause.words.push(...words);
      clause.endMs = this.#writtenMs;
      await this.#room();
    }
    clause.complete = true;
  }

  #put(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#soundAtMs ??= this.#options.clock.now();
    this.#pieces.push(samples);
    this.#aheadMs += this.#msOf(samples);
    this.#writtenMs += this.#msOf(samples);
    this.#first.resolve();
    this.#tell();
  }

  async #room(): Promise<void> {
    const { signal, maxAheadMs } = this.#options;
    while (this.#aheadMs > maxAheadMs && !signal.aborted) await this.#news.promise;
    signal.throwIfAborted();
  }

  #msOf(samples: Int16Array): number {
    return (samples.length * 1_000) / this.#options.sampleRateHz;
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

export interface SynthesisOptions {
  readonly text: AsyncIterable<string>;
  readonly tts: TextToSpeech;
  /** What the engine is asked for a clause: the tenant's voice, pace and spellings. */
  readonly requestOf: (clause: string) => SpeakRequest;
  /** The carrier's. */
  readonly sampleRateHz: number;
  /** Audio that may wait to be played. */
  readonly maxAheadMs: number;
  readonly clock: { now(): number };
  readonly signal: AbortSignal;
}

export interface SynthesisTimes {
  readonly textAtMs: number | undefined;
  readonly soundAtMs: number | undefined;
}
