import type { Control } from '#hack/standins/telnyx/control/control.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { distributionOf } from '../distribution.ts';

const EVERY_MS = 1_000;

/** How well the load itself kept its pace: what is above this is not the runtime's doing. */
export interface Pace {
  /** Of each second, by how much the latest frame of the carrier was sent too late. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How often it stood still for more than a second and left frames out. */
  readonly stalls: number;
}

/** Looks at the stand-in's pace once a second for so long. */
export async function watchPace(control: Control, forMs: number): Promise<Pace> {
  return await watchPaceUntil(control, AbortSignal.timeout(forMs));
}

/** Likewise until `over` aborts, and at least once. */
export async function watchPaceUntil(control: Control, over: AbortSignal): Promise<Pace> {
  const stallsBefore = control.pace().stalls;
  const delays: number[] = [];
  do {
    await systemClock.sleep(EVERY_MS, over).catch(() => undefined);
    delays.push(control.pace().delayMs);
  } while (!over.aborted);
  const { p50, p99, max } = distributionOf(delays);
  return { p50Ms: p50, p99Ms: p99, maxMs: max, stalls: control.pace().stalls - stallsBefore };
}

export function paceText({ p50Ms, maxMs, stalls }: Pace): string {
  return `its latest frame of a second ${p50Ms} ms late, at most ${maxMs} ms${stalls === 0 ? '' : `, ${stalls} standstills`}`;
}
