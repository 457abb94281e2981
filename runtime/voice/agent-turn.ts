import type { DialogueTurn, Reply } from '#runtime/workflow/dialogue.ts';
import { type HeardText, heardOf, joined } from './heard-text.ts';
import type { Synthesis } from './synthesis.ts';

/**
 * A reply on its way to the caller's ear, over as many stretches as it is spoken in: one that a cough cut off is spoken
 * on from the first word that was not heard. Synthesis begins with the turn, before it is certain that it will be spoken.
 */
export class AgentTurn {
  readonly reply: Reply;
  readonly #synthesise: TurnVoice['synthesise'];
  readonly #dropped = new AbortController();
  readonly #committed = Promise.withResolvers<void>();
  readonly #commitAsked = Promise.withResolvers<void>();
  readonly #text: SharedText;
  #stretch: Stretch;
  /** It was not ready in time. */
  isLate = false;
  /** Of the stretches before. */
  #heardBefore = '';

  constructor(write: (turn: DialogueTurn) => Reply, { synthesise, inTime }: TurnVoice) {
    // Whether anybody waits for it is the reply's business.
    this.#committed.promise.catch(() => undefined);
    const { signal } = this.#dropped;
    this.reply = write({
      signal,
      committed: () => this.#untilCommitted(),
      inTime: (result) => inTime(this, result, signal),
    });
    this.#synthesise = synthesise;
    this.#text = new SharedText(this.reply.text);
    this.#stretch = this.#begin('');
  }

  /** Resolves when there is something to be heard, or will never be, or when the turn has to be made final first. */
  get ready(): Promise<void> {
    return Promise.race([this.#stretch.synthesis.begun, this.#commitAsked.promise]);
  }

  /** Whether the caller has waited for it for so long that something has to be said meanwhile. */
  get isAwaited(): boolean {
    return this.isLate && this.synthesis.times.soundAtMs === undefined;
  }

  /** Resolves when there is something to be heard, or will never be. */
  get begun(): Promise<void> {
    return this.synthesis.begun;
  }

  /** Whether all that was written is heard, when `heardMs` of the present stretch were, and more is waited for. */
  isDry(heardMs: number): boolean {
    return this.#text.isAwaited && this.synthesis.writtenMs <= heardMs + UNSENT_MS;
  }

  /** It is certain that the turn will be spoken. */
  commit(): void {
    this.#committed.resolve();
  }

  get synthesis(): Synthesis {
    return this.#stretch.synthesis;
  }

  /** What was heard of it, when `heardMs` of the present stretch were. */
  heard(heardMs: number): string {
    return joined([this.#heardBefore, this.#of(heardMs).heard]);
  }

  /** All of it, as far as it is written. */
  get text(): string {
    return joined([this.#heardBefore, ...this.#stretch.synthesis.clauses.map(({ text }) => text)]);
  }

  /** The present stretch is over, after so much of it was heard. */
  cut(heardMs: number): void {
    this.#stretch.heardMs ??= heardMs;
    this.#stretch.ending.abort();
  }

  /** How much of the present stretch was heard when it was cut; undefined where it was not. */
  get cutAtMs(): number | undefined {
    return this.#stretch.heardMs;
  }

  /** Goes on with the first word that was not heard. */
  goOn(): void {
    const { heard, unheard } = this.#of(this.#stretch.heardMs ?? 0);
    this.#heardBefore = joined([this.#heardBefore, heard]);
    this.#stretch = this.#begin(unheard);
  }

  /** Gives the rest of it up. */
  drop(): void {
    this.#dropped.abort();
    this.#committed.reject(this.#dropped.signal.reason);
    this.#stretch.ending.abort();
    this.#text.close();
  }

  #untilCommitted(): Promise<void> {
    this.#commitAsked.resolve();
    return this.#committed.promise;
  }

  #of(heardMs: number): HeardText {
    return heardOf(this.#stretch.synthesis.clauses, heardMs);
  }

  #begin(unheard: string): Stretch {
    const ending = new AbortController();
    const text = this.#text.after(unheard, ending.signal);
    return { synthesis: this.#synthesise(text, ending.signal), ending, heardMs: undefined };
  }
}

/** What makes a text heard. */
export interface TurnVoice {
  /** Begins the synthesis of a text. */
  readonly synthesise: (text: AsyncIterable<string>, signal: AbortSignal) => Synthesis;
  /** See `DialogueTurn.inTime`. */
  readonly inTime: (turn: AgentTurn, result: Promise<unknown>, signal: AbortSignal) => Promise<boolean>;
}

/** Less than a frame is kept until there is more. */
const UNSENT_MS = 40;

interface Stretch {
  readonly synthesis: Synthesis;
  readonly ending: AbortController;
  heardMs: number | undefined;
}

/** A text that several readers take from, one after another; what one has taken but not used is told again by `after`. */
class SharedText {
  readonly #iterator: AsyncIterator<string>;
  /** The piece that was asked for by a reader that has gone since. */
  #owed: Promise<IteratorResult<string>> | undefined;

  constructor(text: AsyncIterable<string>) {
    this.#iterator = text[Symbol.asyncIterator]();
  }

  /** Whether a reader waits for what is still to be written. */
  get isAwaited(): boolean {
    return this.#owed !== undefined;
  }

  async *after(first: string, signal: AbortSignal): AsyncGenerator<string, void> {
    if (first !== '') yield `${first} `;
    while (!signal.aborted) {
      this.#owed ??= this.#iterator.next();
      const { done, value } = await this.#owed;
      if (signal.aborted) return;
      this.#owed = undefined;
      if (done) return;
      yield value;
    }
  }

  /** Lets go of what writes it, whose last words nobody hears. */
  close(): void {
    this.#owed?.catch(() => undefined);
    this.#iterator.return?.().catch(() => undefined);
  }
}
