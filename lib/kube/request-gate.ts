import type { Clock } from '#lib/clock/clock.ts';
import { KubeError } from './kube-error.ts';

/** A server that asks for more than this is asked again all the same: a lease must not be lost over it. */
const MAX_CLOSED_MS = 30_000;
/** Over which those that waited are spread, so that they do not come all at once. */
const SPREAD_MS = 500;
/** Requests that may wait at once: a program's workers are tens, so more is a fault of ours. */
const MAX_WAITING = 1_000;

/**
 * Where requests wait while the API server has too much to do: after a 429 or 503 with `Retry-After`,
 * others of the same kind of object are not sent before that time. The refused request itself fails;
 * whether it is tried again is its caller's affair. Kinds wait apart, as the API server's priorities
 * do, so that a renewal of a Lease is not held up by ten thousand namespaces.
 */
export class RequestGate {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #opensAtMs = new Map<string, number>();
  #waiting = 0;

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Notes that the server refused a request of this kind for so long. */
  close(kind: string, retryAfterMs: number): void {
    const opensAtMs = this.#clock.monotonic() + Math.min(retryAfterMs, MAX_CLOSED_MS);
    this.#opensAtMs.set(kind, Math.max(opensAtMs, this.#opensAtMs.get(kind) ?? 0));
  }

  /** Resolves when a request of this kind may be sent; rejects with the signal's reason. */
  async pass(kind: string, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const leftMs = (this.#opensAtMs.get(kind) ?? 0) - this.#clock.monotonic();
      if (leftMs <= 0) {
        this.#opensAtMs.delete(kind);
        return;
      }
      if (this.#waiting >= MAX_WAITING) throw tooMany(leftMs);
      this.#waiting += 1;
      try {
        await this.#clock.sleep(leftMs + this.#random() * SPREAD_MS, signal);
      } finally {
        this.#waiting -= 1;
      }
    }
  }
}

function tooMany(retryAfterMs: number): KubeError {
  return new KubeError({
    status: 429,
    reason: 'TooManyRequests',
    message: 'Too many requests wait already for the API server to take more.',
    retryAfterMs,
  });
}
