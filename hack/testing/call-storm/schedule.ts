import * as fc from 'fast-check';
import type { Profile } from '#hack/standins/telnyx/settings.ts';
import { arbitraryFault, type FaultMix, record, type TimedFault } from './faults.ts';
import { STORM_TENANTS } from './tenants.ts';

/** What a caller does. */
export type Script =
  /** Says a sentence whenever the agent is quiet, and is led to the end of the conversation. */
  | { readonly kind: 'Talks' }
  /** The same, and hangs up so long after the call was placed, at whatever stage it is then. */
  | { readonly kind: 'TalksAndLeaves'; readonly afterMs: number }
  /** Speaks by the clock, also while the agent does. */
  | { readonly kind: 'Interrupts' }
  /** Says nothing, and hangs up. */
  | { readonly kind: 'SilentAndLeaves'; readonly afterMs: number }
  /** Says nothing until the agent gives up. */
  | { readonly kind: 'Silent' };

export interface CallPlan {
  readonly atMs: number;
  readonly tenant: number;
  readonly script: Script;
  /** Keys that are pressed, one at each of these times after the call was placed. */
  readonly digitsAtMs: readonly number[];
}

/** What happens in one run, from its beginning on. Plain data, so that a failure prints what led to it. */
export interface Schedule {
  readonly carrier: Profile;
  /** How often each webhook is sent, and up to how much later each copy. */
  readonly webhooks: { readonly copies: number; readonly jitterMs: number };
  /** What the person does whom callers are handed to; one who declines does so where they are asked first. */
  readonly person: 'answers' | 'busy' | 'declines';
  readonly calls: readonly CallPlan[];
  readonly faults: readonly TimedFault[];
}

/** How large schedules are: those in `make test` have to be over in seconds. */
export interface ScheduleSize {
  readonly maxCalls: number;
  /** When the last call comes. */
  readonly lastsMs: number;
  readonly maxFaults: number;
  readonly carriers: readonly Profile[];
  /** Silent callers take half a minute to be given up. */
  readonly hasSilent: boolean;
  readonly mix: FaultMix;
}

/** How long a call lasts that nothing happens to: faults begin at any moment of any call. */
const CONVERSATION_MS = 6_000;

export function arbitrarySchedule(size: ScheduleSize): fc.Arbitrary<Schedule> {
  return record<Schedule>({
    carrier: fc.constantFrom(...size.carriers),
    webhooks: fc.oneof(
      { weight: 1, arbitrary: fc.constant({ copies: 1, jitterMs: 0 }) },
      {
        weight: 2,
        arbitrary: record({
          copies: fc.integer({ min: 2, max: 6 }),
          jitterMs: fc.constantFrom(0, 50, 500, 2_000),
        }),
      },
    ),
    person: fc.constantFrom('answers', 'busy', 'declines'),
    calls: fc.array(arbitraryCall(size), { minLength: 1, maxLength: size.maxCalls, size: 'max' }),
    faults: fc.array(arbitraryFault(size.mix, size.lastsMs + CONVERSATION_MS), {
      minLength: Math.min(1, size.maxFaults),
      maxLength: size.maxFaults,
      size: 'max',
    }),
  });
}

function arbitraryCall(size: ScheduleSize): fc.Arbitrary<CallPlan> {
  return record<CallPlan>({
    atMs: fc.nat({ max: size.lastsMs }),
    tenant: fc.nat({ max: STORM_TENANTS.length - 1 }),
    script: arbitraryScript(size),
    digitsAtMs: fc.array(fc.nat({ max: 4_000 }), { maxLength: 2 }),
  });
}

function arbitraryScript({ hasSilent }: ScheduleSize): fc.Arbitrary<Script> {
  const leaves = fc.nat({ max: 9_000 });
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant<Script>({ kind: 'Talks' }) },
    { weight: 2, arbitrary: record<Script>({ kind: fc.constant('TalksAndLeaves'), afterMs: leaves }) },
    { weight: 1, arbitrary: fc.constant<Script>({ kind: 'Interrupts' }) },
    { weight: 1, arbitrary: record<Script>({ kind: fc.constant('SilentAndLeaves'), afterMs: leaves }) },
    ...(hasSilent ? [{ weight: 1, arbitrary: fc.constant<Script>({ kind: 'Silent' }) }] : []),
  );
}
