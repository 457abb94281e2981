import type { Clock } from '#lib/clock/clock.ts';

/**
 * Leaves an engine alone after it failed several times in a row, or asked for it, so that callers do
 * not wait for time-outs. After the rest one request at a time is let through until one succeeds.
 *
 *   closed ── `failures` in a row, or asked to rest ──▶ open ── its rest ──▶ trial ── success ──▶ closed
 *                                                        ▲──────── failure ────┘
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #restsUntilMs = 0;
  #trial = false;

  constructor(clock: Clock, options: CircuitBreakerOptions = { failures: 5, restMs: 5_000 }) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Whether a request may be made now; each granted one must be reported by one of the others. */
  admits(): boolean {
    if (this.#failures < this.#options.failures) return true;
    if (this.#trial || this.#clock.monotonic() < this.#restsUntilMs) return false;
    this.#trial = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trial = false;
  }

  /** `restMs`: how long the engine asked to be left alone, which opens the breaker at once. */
  failed(restMs?: number): void {
    this.#failures = restMs === undefined ? this.#failures + 1 : this.#options.failures;
    this.#trial = false;
    this.#restsUntilMs = this.#clock.monotonic() + (restMs ?? this.#options.restMs);
  }

  /** The request was given up by us: it says nothing about the engine. */
  abandoned(): void {
    this.#trial = false;
  }
}

export interface CircuitBreakerOptions {
  readonly failures: number;
  readonly restMs: number;
}
