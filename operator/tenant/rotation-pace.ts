import type { Clock } from '#lib/clock/clock.ts';

export interface RotationPaceOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly rotationDays: number;
  /** How many tenants there are. */
  readonly tenants: () => number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** All tenants together take at least this part of the time after which secrets are rotated. */
const SPREAD = 1 / 4;

/**
 * How many secrets may be made anew because of their age alone. All at once are old after a clock that
 * jumped, and there is time to notice; and where all tenants were made on one day. It counts by a clock that
 * never jumps. At most as many as fall to an hour come at once.
 */
export class RotationPace {
  readonly #options: RotationPaceOptions;
  #saved: number;
  #savedAtMs: number;

  constructor(options: RotationPaceOptions) {
    this.#options = options;
    this.#saved = 1;
    this.#savedAtMs = options.clock.monotonic();
  }

  /** How many rotations are free now. */
  get free(): number {
    const { clock, rotationDays, tenants } = this.#options;
    const perMs = tenants() / (rotationDays * DAY_MS * SPREAD);
    const nowMs = clock.monotonic();
    this.#saved = Math.min(Math.max(1, perMs * HOUR_MS), this.#saved + (nowMs - this.#savedAtMs) * perMs);
    this.#savedAtMs = nowMs;
    return Math.floor(this.#saved);
  }

  /** Takes one; false where none is free. */
  take(): boolean {
    if (this.free < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
