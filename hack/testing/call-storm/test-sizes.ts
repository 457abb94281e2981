import { FAULT_KINDS } from './faults.ts';
import type { SilenceLimits } from './hearing-invariants.ts';
import type { ScheduleSize } from './schedule.ts';

/** Schedules that are over in seconds, for tests. */
export const SMALL: ScheduleSize = {
  maxCalls: 6,
  lastsMs: 3_000,
  maxFaults: 3,
  carriers: ['fast', 'realistic'],
  hasSilent: false,
  mix: { kinds: FAULT_KINDS, seats: 2, cutsMs: [1_000] },
};

/** Longer than a busy machine makes anybody wait: how short silence is, is judged by `make storm-calls` alone. */
export const PATIENT: SilenceLimits = { limitMs: 15_000, unreportedLimitMs: 20_000 };
