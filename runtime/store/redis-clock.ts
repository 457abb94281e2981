import type { Clock } from '#lib/clock/clock.ts';

/** A reply that took longer says too little about when it was made. */
const MAX_ROUND_TRIP_MS = 100;

/**
 * Wall-clock time as Redis has it, so that pods whose own clocks differ agree on deadlines,
 * heartbeats and generations. RedisWatch tells it each time that Redis replied with; while Redis is
 * away it goes on from the last one. Waiting and the monotonic time are this machine's own.
 */
export class RedisClock implements Clock {
  readonly #own: Clock;
  #offsetMs: number | undefined;

  constructor(own: Clock) {
    this.#own = own;
  }

  /** Takes the time in a reply to `TIME`, which took `roundTripMs` and has just come. */
  heard([seconds, microseconds]: readonly [string | number, string | number], roundTripMs: number): void {
    if (this.#offsetMs !== undefined && roundTripMs > MAX_ROUND_TRIP_MS) return;
    const theirMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000 + roundTripMs / 2;
    this.#offsetMs = Math.round(theirMs - this.#own.now());
  }

  now(): number {
    return this.#own.now() + (this.#offsetMs ?? 0);
  }

  monotonic(): number {
    return this.#own.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#own.sleep(ms, signal);
  }

  after(ms: number, fn: () => void): () => void {
    return this.#own.after(ms, fn);
  }
}
