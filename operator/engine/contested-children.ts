import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';

/** More in a minute than a person brings about: somebody's controller wants the child otherwise. */
const FREE_IN_A_MINUTE = 5;
const MINUTE_MS = 60_000;
const FIRST_PAUSE_MS = 10_000;
/** The rival wins for so long at most; it is also after how long without change a contest is over. */
const LONGEST_MS = 900_000;
/** More children at once than are contested by mistake; beyond it, what is over is forgotten. */
const MANY = 1_000;

interface Contest {
  /** When the child was put back, within the last minute. */
  readonly times: readonly number[];
  /** How often it was left alone for a while. */
  readonly rounds: number;
  readonly untilMs: number;
}

/**
 * How often each child was put back of late, and until when it is left alone: two controllers that each
 * want it otherwise would write as fast as the API server lets them, for ever.
 */
export class ContestedChildren {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #random: () => number;
  readonly #contests = new Map<string, Contest>();

  constructor(clock: Pick<Clock, 'monotonic'>, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether it was put back of late. */
  has(key: string): boolean {
    return this.#contests.has(key);
  }

  /** For how long the child is left alone still; 0: it may be put back. */
  waitMs(key: string): number {
    return Math.max(0, (this.#contests.get(key)?.untilMs ?? 0) - this.#clock.monotonic());
  }

  /** Notes that it was put back. */
  putBack(key: string): void {
    const nowMs = this.#clock.monotonic();
    if (this.#contests.size >= MANY) this.#forgetOver(nowMs);
    const known = this.#contests.get(key);
    const contest = known === undefined || isOver(known, nowMs) ? undefined : known;
    const times = [...(contest?.times ?? []).filter((at) => nowMs - at < MINUTE_MS), nowMs];
    const rounds = contest?.rounds ?? 0;
    if (rounds === 0 && times.length < FREE_IN_A_MINUTE) {
      this.#contests.set(key, { times, rounds, untilMs: 0 });
      return;
    }
    const pauseMs = backoffMs(rounds, { initialMs: FIRST_PAUSE_MS, maxMs: LONGEST_MS, random: this.#random });
    this.#contests.set(key, { times: [nowMs], rounds: rounds + 1, untilMs: nowMs + pauseMs });
  }

  #forgetOver(nowMs: number): void {
    for (const [key, contest] of this.#contests) if (isOver(contest, nowMs)) this.#contests.delete(key);
  }
}

/** Nothing had to be put back for a long time after it might have been. */
function isOver({ times, untilMs }: Contest, nowMs: number): boolean {
  return nowMs - Math.max(untilMs, times.at(-1) ?? 0) > LONGEST_MS;
}
