/** What must hold after every storm, each under a sentence that says it. */

import { booksAgree, countersAgree, fieldsAreKept, meteredOnce, settledOnce } from './book-invariants.ts';
import {
  answeredOnce,
  neverDropped,
  noneIsRefused,
  noneRingsInVain,
  noneStaysOpen,
  oneStreamAtATime,
} from './carrier-invariants.ts';
import { correctionsDiffer, nothingAfterTheEnd, repeatsAreKnown } from './command-invariants.ts';
import type { Evidence } from './evidence.ts';
import { neverSilent, type SilenceLimits } from './hearing-invariants.ts';
import { nothingIsHeld, podsStayUp, withinLimits } from './runtime-invariants.ts';

/** Says for each breach what it was; nothing where the invariant holds. */
export type Invariant = (evidence: Evidence) => readonly string[];

export function invariantsWith(silence: SilenceLimits): ReadonlyMap<string, Invariant> {
  return new Map<string, Invariant>([
    ['a call is answered at most once, under one command id', answeredOnce],
    ['a command that is sent again has the id that it had, and a new one another', repeatsAreKnown],
    ['nobody speaks to a caller, or asks anything of a call, after its end', nothingAfterTheEnd(silence)],
    ['no caller rings in vain while there is a pod', noneRingsInVain],
    ['no call within the limits is refused while there is a pod', noneIsRefused],
    ['a call has one stream at a time, and no second socket by its token', oneStreamAtATime],
    [
      'a call that was answered ends with its caller or with its conversation, never by our fault',
      neverDropped,
    ],
    ['no call stays open', noneStaysOpen],
    ['a caller is never left in silence', neverSilent(silence)],
    ['a call is settled once', settledOnce],
    ["a call is metered once, by the carrier's time", meteredOnce],
    ['a correction says something else than what it corrects', correctionsDiffer],
    ['no event is told twice with another content', booksAgree],
    ["the month's counters are the sum of what was metered", countersAgree],
    ['what a caller had confirmed is in the lead', fieldsAreKept],
    ['no deadline, lease, slot or live call is left', nothingIsHeld],
    ['no pod ends by itself', podsStayUp],
    ['no tenant has more calls than its limits allow', withinLimits],
  ]);
}

/** All breaches, each with the invariant's sentence before it. */
export function breachesIn(evidence: Evidence, silence: SilenceLimits): string[] {
  return [...invariantsWith(silence)].flatMap(([sentence, invariant]) =>
    invariant(evidence).map((what) => `${sentence}: ${what}`),
  );
}
