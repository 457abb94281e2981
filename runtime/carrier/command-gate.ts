import type { Clock } from '#lib/clock/clock.ts';

/** Whose request it is; in this order they pass where not all can. */
const URGENCIES = [
  /** For a call that was answered: somebody may be hearing silence. */
  'Live',
  /** For a call that rings. */
  'New',
  /** A question that can be asked later. */
  'Question',
] as const;
export type Urgency = (typeof URGENCIES)[number];

/** The slowest that a throttled pod sends, in requests a second. */
const MIN_RATE = 5;
/** What is left of the rate that the carrier took in the last second before it refused. */
const KEPT_SHARE = 0.8;
/** Each request lets the rate grow by so much: a quarter in a second of full use. */
const GROWTH = 0.25;
/** After so long without a refusal nothing is held back any more. */
const FORGET_MS = 60_000;
/** Whoever may be hearing silence waits no longer for what the carrier asks: a refusal costs less than that. */
const MAX_LIVE_WAIT_MS = 1_000;
/** Refusals of one burst come together and count once. */
const BURST_MS = 1_000;
/** How many may wait, of each urgency. */
const MAX_WAITING = 1_000;

interface Waiter {
  readonly pass: (passed: boolean) => void;
  readonly untilMs: number;
}

/**
 * One for all requests of a pod to the carrier. Wide open until the carrier refuses one for its rate
 * (429): then nothing as urgent or less passes for as long as it asked, and afterwards so many commands a second
 * as it had taken, growing again; those for live calls before those for new ones, and questions last. The
 * carrier's limits are not one for all that it is asked: a question that it refuses holds back questions alone.
 */
export class CommandGate {
  readonly #clock: Clock;
  readonly #waiting: Readonly<Record<Urgency, Waiter[]>> = { Live: [], New: [], Question: [] };
  /** Requests a second; undefined while nothing is held back. */
  #rate: number | undefined;
  /** The next one passes no earlier: the rate's. */
  #openAtMs = 0;
  /** The same for each urgency: what the carrier asked to wait. */
  readonly #closedUntilMs: Record<Urgency, number> = { Live: 0, New: 0, Question: 0 };
  #refusedAtMs = Number.NEGATIVE_INFINITY;
  /** When requests of the last second were taken by the carrier, oldest first. */
  #taken: number[] = [];
  #cancelPump: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves true when the request may be sent, false when that did not come within `waitMs`. */
  pass(urgency: Urgency, waitMs: number): Promise<boolean> {
    const nowMs = this.#clock.monotonic();
    if (this.#rate !== undefined && nowMs - this.#refusedAtMs > FORGET_MS) this.#rate = undefined;
    const waiting = this.#waiting[urgency];
    const isOpen = this.#rate === undefined && nowMs >= this.#closedUntilMs[urgency];
    if (isOpen && waiting.length === 0) return Promise.resolve(true);
    if (waiting.length >= MAX_WAITING) return Promise.resolve(false);
    return new Promise((resolve) => {
      waiting.push({ pass: resolve, untilMs: nowMs + waitMs });
      this.#pump();
    });
  }

  /** The carrier took a request. */
  taken(): void {
    const nowMs = this.#clock.monotonic();
    this.#taken.push(nowMs);
    if (this.#taken.length > 2 * MAX_WAITING) this.#taken.shift();
  }

  /** The carrier refused a request for its rate, and asks to wait. */
  refused(urgency: Urgency, retryAfterMs: number): void {
    const nowMs = this.#clock.monotonic();
    for (const closed of URGENCIES.slice(URGENCIES.indexOf(urgency))) {
      const waitMs = closed === 'Live' ? Math.min(retryAfterMs, MAX_LIVE_WAIT_MS) : retryAfterMs;
      this.#closedUntilMs[closed] = Math.max(this.#closedUntilMs[closed], nowMs + waitMs);
    }
    if (urgency !== 'Question') this.#slowDown(nowMs);
    this.#pump();
  }

  #slowDown(nowMs: number): void {
    if (nowMs - this.#refusedAtMs > BURST_MS) {
      this.#taken = this.#taken.filter((atMs) => atMs > nowMs - 1_000);
      const rate = Math.max(MIN_RATE, this.#taken.length * KEPT_SHARE);
      this.#rate = Math.min(this.#rate ?? rate, rate);
    }
    this.#refusedAtMs = nowMs;
  }

  /** How many wait. */
  get waiting(): number {
    return URGENCIES.reduce((sum, urgency) => sum + this.#waiting[urgency].length, 0);
  }

  #isEmpty(): boolean {
    return this.waiting === 0;
  }

  /** Lets pass what may, and comes back when the next one may. */
  #pump(): void {
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    const nowMs = this.#clock.monotonic();
    this.#expire(nowMs);
    while (nowMs >= this.#openAtMs && this.#passNext(nowMs));
    if (this.#isEmpty()) return;
    const nextMs = Math.min(Math.max(this.#openAtMs, this.#nextOpenMs()), this.#nextExpiryMs());
    this.#cancelPump = this.#clock.after(Math.max(1, nextMs - nowMs), () => this.#pump());
  }

  #passNext(nowMs: number): boolean {
    for (const urgency of URGENCIES) {
      const next = nowMs >= this.#closedUntilMs[urgency] ? this.#waiting[urgency].shift() : undefined;
      if (!next) continue;
      if (this.#rate !== undefined) {
        this.#openAtMs = Math.max(this.#openAtMs, nowMs - 1_000 / this.#rate) + 1_000 / this.#rate;
        this.#rate += GROWTH;
      }
      next.pass(true);
      return true;
    }
    return false;
  }

  #expire(nowMs: number): void {
    for (const urgency of URGENCIES) {
      const waiting = this.#waiting[urgency];
      for (let at = waiting.length - 1; at >= 0; at -= 1) {
        const waiter = waiting[at];
        if (waiter && waiter.untilMs <= nowMs) {
          waiting.splice(at, 1);
          waiter.pass(false);
        }
      }
    }
  }

  /** When the carrier lets any of those pass that wait. */
  #nextOpenMs(): number {
    const awaited = URGENCIES.filter((urgency) => this.#waiting[urgency].length > 0);
    return Math.min(...awaited.map((urgency) => this.#closedUntilMs[urgency]));
  }

  #nextExpiryMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const urgency of URGENCIES) {
      for (const { untilMs } of this.#waiting[urgency]) next = Math.min(next, untilMs);
    }
    return next;
  }
}
