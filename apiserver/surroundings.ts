import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';

/** What the program gives to everything in it. */
export interface Surroundings {
  readonly log: Logger;
  readonly clock: Clock;
  /** Aborts when the program should end. */
  readonly signal: AbortSignal;
}
