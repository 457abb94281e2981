/** Who calls in the benches, and for how long. All times in milliseconds. */
import type { CallLoad } from '#hack/standins/telnyx/calls/call-load.ts';
import type { Talking } from '#hack/standins/telnyx/calls/talking-caller.ts';
import { systemClock } from '#lib/clock/clock.ts';

/**
 * Speaks for as long as the agent's questions take, and lets it reply: with the endpointing, that is 40 % caller,
 * 40 % agent and 20 % silence.
 */
export const TAKES_TURNS: Talking = { kind: 'talks', talkMs: 3_880, silenceMs: 2_000, waitsForMs: 1_100 };

/** Speaks by the clock and so into the agent's words. */
export const INTERRUPTS: Talking = { kind: 'talks', talkMs: 1_940, silenceMs: 3_500 };

/** Calls come in one every so often, as taking one up costs as much as seconds of holding it, and end before their questions do. */
const APART_MS = 200;
const LASTS_MS = [70_000, 110_000] as const;
/** After the last call came in: its greeting is over, and callers speak at all times of a turn. */
const SETTLE_MS = 12_000;

export interface Crowd {
  /** All hang up; resolves when no new call comes any more. */
  leave(): Promise<void>;
}

/** Keeps so many calls up until they leave, each followed by another; resolves once they are all there. */
export async function gather(load: CallLoad, calls: number): Promise<Crowd> {
  const ending = new AbortController();
  const withinMs = calls * APART_MS;
  const kept = load.keepUp({ calls, lastsMs: LASTS_MS, withinMs }, ending.signal);
  // Its failure is told by whoever waits for its end.
  kept.catch(() => undefined);
  await systemClock.sleep(calls === 0 ? 0 : withinMs + SETTLE_MS);
  return {
    async leave() {
      ending.abort();
      await kept;
    },
  };
}
