/**
 * When each frame of a stream was due: the carrier's own timestamp plus the least that any frame has lately
 * taken to get here. So what is late shows, whether the network, the carrier or a busy event loop made it late,
 * although the two clocks have nothing in common and drift apart.
 */
export class ArrivalClock {
  #leastMs = Number.POSITIVE_INFINITY;
  #leastBeforeMs = Number.POSITIVE_INFINITY;
  #sinceMs = 0;

  /** Takes the frame's timestamp and the monotonic time of its arrival; when it was due, by the latter's clock. */
  dueMs(timestampMs: number, nowMs: number): number {
    const tookMs = nowMs - timestampMs;
    if (nowMs - this.#sinceMs > WINDOW_MS || tookMs - this.#least > MAX_LATE_MS) {
      this.#leastBeforeMs = tookMs - this.#least > MAX_LATE_MS ? tookMs : this.#leastMs;
      this.#leastMs = tookMs;
      this.#sinceMs = nowMs;
    }
    this.#leastMs = Math.min(this.#leastMs, tookMs);
    return timestampMs + this.#least;
  }

  get #least(): number {
    return Math.min(this.#leastMs, this.#leastBeforeMs);
  }
}

/** Clocks drift by some 50 millionths, half a millisecond in this time. */
const WINDOW_MS = 10_000;
/** Beyond this the stream has begun to count anew. */
const MAX_LATE_MS = 10_000;
