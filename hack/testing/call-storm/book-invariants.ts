/** What the ledger must show of the calls that the carrier knows, and how both must agree. */
import { judgeEntries } from '#apiserver/ledger/judge-entries.ts';
import { ANSWERED_WITHIN_MS } from '#runtime/call/deadlines.ts';
import { type CallEvidence, eventsOf, harmsRedis, isStrained, losesRedis } from './evidence.ts';
import type { Invariant } from './invariants.ts';
import { STORM_TENANTS } from './tenants.ts';

/** Each call is rounded up, and the carrier's own two times are whole milliseconds. */
const ROUNDING_SECONDS = 1;
/** Where the carrier's word of a call's answer or end never came, pods go by clocks that are off by up to 5 s. */
const UNTOLD_SECONDS = 8;
/** The events between which the agent has the call. */
const TIMES: ReadonlySet<string> = new Set(['call.answered', 'call.bridged', 'call.hangup']);

/**
 * Later revisions are corrections: a bridge that was told after the hang-up. A call that was written back after
 * Redis had lost it may have been settled before: it is settled below that, and nothing is counted twice.
 */
export const settledOnce: Invariant = (evidence) =>
  evidence.calls.flatMap((call) => {
    const ends = eventsOf(call, 'ended').filter(({ revision }) => revision <= 0);
    const isKnown = call.carrier.answeredAtMs !== undefined || call.books.length > 0;
    const isOnce = new Set(ends.map(({ revision }) => revision)).size === ends.length;
    const mayBeWrittenBack = harmsRedis(evidence) || isStrained(evidence);
    const isRight = mayBeWrittenBack
      ? ends.length > 0 && isOnce
      : ends.length === 1 && ends[0]?.revision === 0;
    if (!isKnown || isRight) return [];
    return [
      `${call.callID} has ${ends.length} ends: ${ends.map(({ reason, revision }) => `${reason} ${revision}`).join()}`,
    ];
  });

export const meteredOnce: Invariant = ({ calls }) =>
  calls.flatMap((call) => {
    const { callID, carrier } = call;
    const usage = eventsOf(call, 'usage').at(-1);
    if (carrier.answeredAtMs === undefined)
      return usage ? [`${callID} was never answered and is metered with ${usage.callSeconds} s`] : [];
    // A moment of which nobody told.
    const isMoment = !isTold(call) && (carrier.upMs ?? 0) <= ANSWERED_WITHIN_MS;
    if (!usage) return isMoment ? [] : [`${callID} was answered and is not metered`];
    const seconds = ((carrier.bridgedAtMs ?? carrier.hangupAtMs ?? 0) - carrier.answeredAtMs) / 1_000;
    const tolerance = isTold(call) ? ROUNDING_SECONDS : UNTOLD_SECONDS;
    const isRight = usage.calls === 1 && Math.abs(usage.callSeconds - seconds) <= tolerance;
    return isRight ? [] : [`${callID} lasted ${seconds} s and is metered with ${usage.callSeconds} s`];
  });

/** Not even where two pods held the call, or a pod told again what Redis had lost. */
export const booksAgree: Invariant = ({ calls, strays }) => [
  ...strays,
  ...calls.flatMap(({ books }) =>
    judgeEntries(books, new Map(), () => false).rejected.map(({ detail, text }) => `${detail}: ${text}`),
  ),
];

export const countersAgree: Invariant = (evidence) => {
  if (losesRedis(evidence)) return [];
  return STORM_TENANTS.flatMap(({ id, name }) => {
    const [before, after] = [evidence.counted.before.get(id), evidence.counted.after.get(id)];
    const usages = evidence.calls
      .filter(({ tenant }) => tenant.id === id)
      .flatMap((call) => eventsOf(call, 'usage').at(-1) ?? []);
    const metered = usages.reduce((sum, { callSeconds }) => sum + callSeconds, 0);
    const [calls, seconds] = [
      (after?.calls ?? 0) - (before?.calls ?? 0),
      (after?.callSeconds ?? 0) - (before?.callSeconds ?? 0),
    ];
    return calls === usages.length && seconds === metered
      ? []
      : [`${name} has ${calls} calls and ${seconds} s counted, ${usages.length} and ${metered} s metered`];
  });
};

/** Where the pod and Redis died together, what both lost is lost. */
export const fieldsAreKept: Invariant = (evidence) => {
  if (losesRedis(evidence)) return [];
  return evidence.confirmed.flatMap(({ callID, fields }) => {
    const call = evidence.calls.find((one) => one.callID === callID);
    const lead = call && eventsOf(call, 'lead').at(-1);
    const kept = new Map(lead?.fields.map(({ name, value }) => [name, value]));
    return fields
      .filter(({ name, value }) => kept.get(name) !== value)
      .map(({ name, value }) => `${callID}: "${value}" for ${name} became "${kept.get(name)}"`);
  });
};

/** Whether the carrier got through to us when the call was answered, handed over and ended. */
function isTold({ carrier }: CallEvidence): boolean {
  return carrier.webhooks
    .filter(({ eventType }) => TIMES.has(eventType))
    .every(({ takenAtMs }) => takenAtMs !== undefined);
}
