import { z } from 'zod';
import type { CodedAudio, CodedFrame } from '../media/coded-audio.ts';
import { FRAME_MS } from '../media/play-out.ts';
import type { Caller, CallerLine } from './caller.ts';

const ms = z.number().int().min(0).max(14_400_000);

/** A caller who says a recorded sentence over and over, to a pattern. Times in milliseconds. */
export const talkingSchema = z.strictObject({
  kind: z.literal('talks'),
  /** Before the first words, from the answer on. */
  startAfterMs: ms.default(1_000),
  /** How long a turn is; the default is the sentence once. */
  talkMs: ms.min(FRAME_MS).default(2_260),
  /** Silence between two turns. */
  silenceMs: ms.min(FRAME_MS).default(3_000),
  /** Waits besides until nothing was heard for so long; absent: speaks by the clock, whoever else does. */
  waitsForMs: ms.exactOptional(),
  /**
   * Speaks as soon as the agent has spoken since the last turn and nothing was heard for so long, without
   * waiting for the rest of `silenceMs`; absent: always waits for it.
   */
  repliesAfterMs: ms.exactOptional(),
  /** Says so many turns at most, and listens from then on; absent: says more for as long as the call is up. */
  turns: z.number().int().min(1).max(1_000_000).exactOptional(),
  /** Hangs up so long after the answer; absent: stays. */
  hangUpAfterMs: ms.exactOptional(),
});

export type Talking = z.input<typeof talkingSchema>;

/** Costs next to nothing, so that hundreds can call: speech that was coded before, and ears for sound alone. */
export class TalkingCaller implements Caller {
  readonly hearsSoundOnly = true;
  readonly #pattern: z.output<typeof talkingSchema>;
  readonly #line: CallerLine;
  readonly #speech: CodedAudio;
  #nowMs = 0;
  #talkUntilMs = 0;
  #nextTurnMs: number;
  #quietMs = 0;
  #frame = 0;
  #turns = 0;
  #saidMs = 0;
  #heardMs = 0;
  /** Whether anything was heard since the last turn. */
  #wasSpokenTo = false;

  constructor(pattern: z.output<typeof talkingSchema>, line: CallerLine, speech: CodedAudio) {
    this.#pattern = pattern;
    this.#line = line;
    this.#speech = speech;
    this.#nextTurnMs = pattern.startAfterMs;
  }

  speak(): CodedFrame | undefined {
    if (this.#nowMs >= this.#talkUntilMs && !this.#beginTurn()) return undefined;
    const { frames } = this.#speech;
    const frame = frames[this.#frame];
    this.#frame = (this.#frame + 1) % frames.length;
    this.#saidMs += FRAME_MS;
    return frame;
  }

  hear(_audio: Int16Array | undefined, sounding: boolean): void {
    this.#nowMs += FRAME_MS;
    this.#quietMs = sounding ? 0 : this.#quietMs + FRAME_MS;
    if (sounding) {
      this.#heardMs += FRAME_MS;
      this.#wasSpokenTo = true;
    }
    const { hangUpAfterMs } = this.#pattern;
    if (hangUpAfterMs !== undefined && this.#nowMs >= hangUpAfterMs) this.#line.hangUp();
  }

  ended(): void {
    this.#talkUntilMs = 0;
  }

  report(): unknown {
    return { kind: 'talks', turns: this.#turns, saidMs: this.#saidMs, heardMs: this.#heardMs };
  }

  #wasAnswered(): boolean {
    const { repliesAfterMs } = this.#pattern;
    return repliesAfterMs !== undefined && this.#wasSpokenTo && this.#quietMs >= repliesAfterMs;
  }

  #beginTurn(): boolean {
    const { talkMs, silenceMs, waitsForMs = 0, turns = Number.POSITIVE_INFINITY } = this.#pattern;
    if (this.#turns >= turns) return false;
    if (!this.#wasAnswered() && (this.#nowMs < this.#nextTurnMs || this.#quietMs < waitsForMs)) return false;
    this.#turns += 1;
    this.#wasSpokenTo = false;
    this.#frame = 0;
    this.#talkUntilMs = this.#nowMs + talkMs;
    this.#nextTurnMs = this.#talkUntilMs + silenceMs;
    return true;
  }
}
