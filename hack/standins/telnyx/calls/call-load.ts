import type { Clock } from '#lib/clock/clock.ts';
import type { PlacedCall } from '../control/control.ts';
import type { Talking } from './talking-caller.ts';

/** What a load needs of the stand-in: its `Control` in the same process, or a `ControlClient`. */
export interface LoadTarget {
  placeCall(call: PlacedCall): { readonly id: string } | Promise<{ readonly id: string }>;
  callerHangsUp(id: string): void | Promise<void>;
}

export interface CallLoadOptions {
  readonly target: LoadTarget;
  readonly clock: Clock;
  /** The numbers that are called, in turn. */
  readonly numbers: readonly string[];
  /** What the callers do. */
  readonly caller: Talking;
}

export interface KeptUp {
  /** How many calls are up at once. */
  readonly calls: number;
  /** How long each lasts: drawn between the two, in milliseconds. */
  readonly lastsMs: readonly [number, number];
  /** Over how long the first ones come in. */
  readonly withinMs: number;
  /** 0 to 1; default: Math.random. */
  readonly random?: () => number;
}

/** Many calls at once from callers with a pattern of talk and silence: for tests of many calls, and benches. */
export class CallLoad {
  readonly #options: CallLoadOptions;
  readonly #ids: string[] = [];
  #placed = 0;

  constructor(options: CallLoadOptions) {
    this.#options = options;
  }

  /** The leg ids of all calls so far, in the order in which they were placed. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  /** Places so many calls, spread evenly over `withinMs`; resolves to their leg ids once all are placed. */
  async place(calls: number, withinMs = 0): Promise<string[]> {
    const { clock } = this.#options;
    const startMs = clock.monotonic();
    const ids: string[] = [];
    for (let call = 0; call < calls; call += 1) {
      const waitMs = startMs + (withinMs * call) / calls - clock.monotonic();
      if (waitMs > 0) await clock.sleep(waitMs);
      ids.push(await this.#placeOne());
    }
    return ids;
  }

  /** Calls come and go, so many up at once, until the signal aborts; then all hang up. */
  async keepUp(kept: KeptUp, signal: AbortSignal): Promise<void> {
    const callers = Array.from({ length: kept.calls }, (_, index) =>
      this.#callAgainAndAgain((kept.withinMs * index) / kept.calls, kept, signal),
    );
    await Promise.all(callers);
  }

  /** All callers hang up; those whose call has ended already have nothing to do. */
  async hangUpAll(): Promise<void> {
    for (const id of this.#ids) await this.#options.target.callerHangsUp(id);
  }

  async #callAgainAndAgain(afterMs: number, kept: KeptUp, signal: AbortSignal): Promise<void> {
    const { random = Math.random, lastsMs } = kept;
    const { target, clock } = this.#options;
    const [shortestMs, longestMs] = lastsMs;
    await untilOver(clock, afterMs, signal);
    while (!signal.aborted) {
      const id = await this.#placeOne();
      await untilOver(clock, shortestMs + random() * (longestMs - shortestMs), signal);
      await target.callerHangsUp(id);
    }
  }

  async #placeOne(): Promise<string> {
    const { target, numbers, caller } = this.#options;
    const index = this.#placed;
    this.#placed += 1;
    const to = numbers[index % numbers.length];
    if (to === undefined) throw new RangeError('there are no numbers to call');
    const { id } = await target.placeCall({
      from: `+1312${String(2_000_000 + index).padStart(7, '0')}`,
      to,
      caller,
    });
    this.#ids.push(id);
    return id;
  }
}

/** Sleeps, or returns early when the signal aborts. */
async function untilOver(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
