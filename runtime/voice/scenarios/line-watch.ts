/** Measures on the line itself, frame by frame of 20 ms, what the caller lived through, whatever was reported. */
export class LineWatch {
  /** For how long the agent has sounded by the end of each frame. */
  readonly #soundedMs: number[] = [];
  #waitedMs: number | undefined;
  #overlapMs = 0;
  #quietMs = 0;
  /** The longest silence between the caller's words and the agent's next sound. */
  longestWaitMs = 0;
  /** Each time that both spoke at once: when it ended, and how long it was. */
  readonly overlaps: { readonly endedAtMs: number; readonly ms: number }[] = [];

  frame({ speaking, finished, hungUp, agent }: LineFrame): void {
    this.#soundedMs.push((this.#soundedMs.at(-1) ?? 0) + (agent ? FRAME_MS : 0));
    this.#quietMs = speaking ? 0 : this.#quietMs + FRAME_MS;
    if (agent && this.#quietMs <= BETWEEN_WORDS_MS) this.#overlapMs += FRAME_MS;
    else this.#endOverlap();
    if (speaking || agent || hungUp) this.#endWait();
    if (finished && !agent) this.#waitedMs = 0;
    else if (this.#waitedMs !== undefined) this.#waitedMs += FRAME_MS;
  }

  /** The call is over. */
  end(): void {
    this.#endWait();
    this.#endOverlap();
  }

  /** How long the agent sounded between two times since the answer. */
  soundedMs(fromMs: number, toMs: number): number {
    const upTo = (ms: number) =>
      this.#soundedMs[Math.min(this.#soundedMs.length, Math.ceil(ms / FRAME_MS)) - 1] ?? 0;
    return upTo(toMs) - upTo(fromMs);
  }

  #endWait(): void {
    this.longestWaitMs = Math.max(this.longestWaitMs, this.#waitedMs ?? 0);
    this.#waitedMs = undefined;
  }

  #endOverlap(): void {
    const ms = this.#overlapMs;
    this.#overlapMs = 0;
    if (ms > 0) this.overlaps.push({ endedAtMs: this.#soundedMs.length * FRAME_MS, ms });
  }
}

export interface LineFrame {
  /** Whether a word of the caller sounds. */
  readonly speaking: boolean;
  /** Whether the words ended with this frame. */
  readonly finished: boolean;
  readonly hungUp: boolean;
  /** Whether the agent is heard. */
  readonly agent: boolean;
}

const FRAME_MS = 20;
/** Silence that is no pause. */
const BETWEEN_WORDS_MS = 60;
