import type { Caller, CallerLine } from '#hack/standins/telnyx/calls/caller.ts';
import type { CodedFrame } from '#hack/standins/telnyx/media/coded-audio.ts';
import { FRAME_MS } from '#hack/standins/telnyx/media/play-out.ts';

/** One turn of a caller. */
export interface SpokenTurn {
  readonly text: string;
  /** 20 ms at a time; absent is a pause. */
  readonly frames: readonly (CodedFrame | undefined)[];
}

/** When a turn was spoken, in milliseconds since the answer, and the pauses in it. */
export interface TurnSpan {
  readonly text: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly pauses: number;
}

export interface PausingCallerOptions {
  readonly turns: readonly SpokenTurn[];
  readonly line: Pick<CallerLine, 'hangUp'>;
  /** So long after the agent's last sound it is the caller's turn. */
  readonly repliesAfterMs: number;
  /** Whether what the agent said wants an answer; absent: whatever it said does. */
  readonly isAnswerWanted?: () => boolean;
}

/** A caller who hears nothing for so long hangs up. */
const PATIENCE_MS = 15_000;

/**
 * A caller who answers one question after the other, and stops to think in the middle of it. Goes on after each pause,
 * whoever speaks meanwhile; one who was cut off hangs up after that turn, as what is asked next may be anything.
 */
export class PausingCaller implements Caller {
  readonly hearsSoundOnly = true;
  readonly spans: TurnSpan[] = [];
  readonly #turns: readonly SpokenTurn[];
  readonly #line: Pick<CallerLine, 'hangUp'>;
  readonly #repliesAfterMs: number;
  readonly #isAnswerWanted: () => boolean;
  #frames: SpokenTurn['frames'] = [];
  #said = 0;
  #nowMs = 0;
  #quietMs = 0;
  /** Whether anything was heard since the last turn. */
  #wasSpokenTo = false;
  #wasCutOff = false;

  constructor({ turns, line, repliesAfterMs, isAnswerWanted = () => true }: PausingCallerOptions) {
    this.#turns = turns;
    this.#line = line;
    this.#repliesAfterMs = repliesAfterMs;
    this.#isAnswerWanted = isAnswerWanted;
  }

  speak(): CodedFrame | undefined {
    if (!this.#speaking && !this.#beginTurn()) return undefined;
    const frame = this.#frames[this.#said];
    this.#said += 1;
    return frame;
  }

  hear(_audio: Int16Array | undefined, sounding: boolean): void {
    this.#nowMs += FRAME_MS;
    this.#quietMs = sounding ? 0 : this.#quietMs + FRAME_MS;
    if (sounding) {
      this.#wasSpokenTo = true;
      this.#wasCutOff ||= this.#speaking;
    }
    if (this.#quietMs >= PATIENCE_MS || (this.#wasCutOff && this.#isAsked)) this.#line.hangUp();
  }

  ended(): void {
    this.#frames = [];
  }

  report(): unknown {
    return { kind: 'pauses', turns: this.spans };
  }

  get #speaking(): boolean {
    return this.#said < this.#frames.length;
  }

  get #isAsked(): boolean {
    return !this.#speaking && this.#wasSpokenTo && this.#quietMs >= this.#repliesAfterMs;
  }

  #beginTurn(): boolean {
    const turn = this.#turns[this.spans.length];
    if (!turn || !this.#isAsked || this.#wasCutOff || !this.#isAnswerWanted()) return false;
    const { text, frames } = turn;
    this.#frames = frames;
    this.#said = 0;
    this.#wasSpokenTo = false;
    this.spans.push({
      text,
      fromMs: this.#nowMs,
      untilMs: this.#nowMs + frames.length * FRAME_MS,
      pauses: frames.filter((frame, at) => frame === undefined && frames[at - 1] !== undefined).length,
    });
    return true;
  }
}
