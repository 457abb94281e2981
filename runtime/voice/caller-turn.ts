import { EngineError } from '#runtime/engines/engine-error.ts';
import type { SpeechToText } from '#runtime/engines/speech-to-text.ts';
import { resampleWhole } from '#runtime/media/resample-whole.ts';
import type { Heard } from '#runtime/workflow/talk.ts';
import type { Entry } from './listener.ts';
import type { Pause, Utterance } from './turn-detector.ts';

/** What came of listening: words, keys, sound without words, silence, or a recogniser that, with all its fallbacks, did not serve. */
export type Hearing = Heard | { readonly kind: 'Failed' };

/**
 * One turn of the caller in the making: its words, over as many utterances as it takes until the caller lets the agent
 * answer. Words are recognised from a pause on; whether the pause ended the utterance shows while that is being done.
 */
export class CallerTurn {
  readonly #options: CallerTurnOptions;
  readonly #words: string[] = [];
  #kind: 'Silence' | 'Unclear' | 'Failed' = 'Silence';
  #utterances = 0;
  #audioMs = 0;
  #keys: { readonly digits: string; readonly text: string } | undefined;
  /** Wall-clock epoch ms of the first and last sound. */
  startedAtMs = 0;
  endedAtMs = 0;

  constructor(options: CallerTurnOptions) {
    this.#options = options;
  }

  /** Whether any utterance of it is over. */
  get hasBegun(): boolean {
    return this.#utterances > 0;
  }

  get text(): string {
    return this.#words.join(' ');
  }

  /** Audio of it that the recogniser was given, counted once however often that was. */
  get audioMs(): number {
    return this.#audioMs;
  }

  /** Whoever goes on for ever is answered all the same. */
  get isFull(): boolean {
    return this.#utterances >= MAX_UTTERANCES;
  }

  /** All that was heard of the turn so far, with the words of an utterance that may not be over. */
  hearing(result?: Recognised): Hearing {
    // What was said around them is "one moment", or the number once more.
    if (this.#keys) return { kind: 'Digits', ...this.#keys };
    const text = [...this.#words, ...(result?.text ? [result.text] : [])].join(' ');
    if (text !== '') return { kind: 'Words', text };
    return { kind: result ? kindOf(result) : this.#kind };
  }

  /** The words before a pause; undefined where the caller went on meanwhile. Rejects when aborted. */
  async recognise(pause: Pause, signal: AbortSignal): Promise<Recognised | undefined> {
    const ending = new AbortController();
    void abortUnlessEnded(pause, ending);
    try {
      return { text: await this.#transcribe(pause.utterance, AbortSignal.any([signal, ending.signal])) };
    } catch (error) {
      signal.throwIfAborted();
      if (ending.signal.aborted) return undefined;
      if (error instanceof EngineError) return { text: undefined };
      throw error;
    }
  }

  /** The utterance is over: its words belong to the turn. */
  add({ text }: Recognised, ended: Utterance): void {
    if (this.#utterances === 0) this.startedAtMs = ended.startedAtMs;
    this.#utterances++;
    this.skip(ended);
    this.endedAtMs = ended.endedAtMs;
    this.#kind = kindOf({ text });
    if (text) this.#words.push(text);
  }

  /** Keys were pressed, and are what is answered. */
  enter({ digits, atMs }: Entry): void {
    if (this.#utterances === 0) this.startedAtMs = atMs;
    this.#utterances++;
    this.endedAtMs = atMs;
    this.#keys = { digits, text: this.text };
    this.#words.push(digits);
  }

  /** The utterance is over, and nothing of it is to be answered. */
  skip(ended: Utterance): void {
    this.#audioMs += ended.durationMs;
  }

  async #transcribe(utterance: Utterance, signal: AbortSignal): Promise<string> {
    const { stt, sampleRateHz, language, vocabulary } = this.#options;
    return await stt.transcribe(
      {
        samples: await resampleWhole(utterance.samples, sampleRateHz, stt.capabilities.sampleRateHz),
        language,
        vocabulary: stt.capabilities.vocabulary ? vocabulary : [],
      },
      signal,
    );
  }
}

export interface CallerTurnOptions {
  readonly stt: SpeechToText;
  /** The carrier's. */
  readonly sampleRateHz: number;
  /** BCP 47. */
  readonly language: string;
  /** Names and words of the trade. */
  readonly vocabulary: readonly string[];
}

/** What the recogniser made of an utterance: empty where it heard no words, undefined where it failed. */
export interface Recognised {
  readonly text: string | undefined;
}

const MAX_UTTERANCES = 5;

function kindOf({ text }: Recognised): 'Unclear' | 'Failed' {
  return text === undefined ? 'Failed' : 'Unclear';
}

async function abortUnlessEnded(pause: Pause, ending: AbortController): Promise<void> {
  if (!(await pause.settled)) ending.abort();
}
