/** What the carrier's own account of the calls must show. */

import type { CallEvidence, Evidence } from './evidence.ts';
import { eventsOf, isStrained, losesRedis, overlapMs, type Span } from './evidence.ts';
import type { Invariant } from './invariants.ts';
import { RING_TIMEOUT_MS } from './storm.ts';

/** A pod that has come back is known to the others after a heartbeat, and may be thought to be gone until then. */
const STALE_MS = 5_000;
/** How a call that we answered may end, by our own account. */
const GOOD_ENDS: ReadonlySet<string> = new Set([
  'CallerHungUp',
  'WorkflowCompleted',
  'CallerSilent',
  'MaxTurns',
  'Transferred',
]);

export const answeredOnce: Invariant = ({ calls }) =>
  calls.flatMap((call) => {
    const ids = new Set(
      call.carrier.commands.filter(({ action }) => action === 'answer').map(({ commandID }) => commandID),
    );
    return [
      ...(call.carrier.answers > 1 ? [`${call.callID} was answered ${call.carrier.answers} times`] : []),
      ...(ids.size > 1 ? [`${call.callID} was answered under ${ids.size} command ids`] : []),
    ];
  });

/**
 * The carrier sends call.initiated again for a quarter of a minute, which a machine that is too busy may let pass. Without
 * Redis a pod takes no call for a number that it never read of, and a fast carrier soon gives up. Of a call whose
 * call.initiated was never sent, nobody can know.
 */
export const noneRingsInVain: Invariant = (evidence) => {
  if (isStrained(evidence)) return [];
  const { calls, outages, shortages } = evidence;
  return calls
    .filter(({ carrier }) => {
      const { answeredAtMs, initiatedAtMs, hangupAtMs = initiatedAtMs, webhooks } = carrier;
      if (answeredAtMs !== undefined || hangupAtMs - initiatedAtMs < RING_TIMEOUT_MS) return false;
      const told = webhooks.find(({ eventType }) => eventType === 'call.initiated');
      if (told?.attempts === 0) return false;
      if (told?.takenAtMs === undefined && isWithin(told?.lastAttemptAtMs, shortages.Redis)) return false;
      return overlapMs({ fromMs: initiatedAtMs, toMs: hangupAtMs }, outages) === 0;
    })
    .map(({ callID }) => `${callID} was neither answered nor rejected`);
};

/** Tenants with limits may be refused, and everybody while Redis does not know the numbers or pods are too busy. */
export const noneIsRefused: Invariant = (evidence) => {
  if (losesRedis(evidence) || isStrained(evidence)) return [];
  const { outages } = evidence;
  return evidence.calls
    .filter(({ tenant, carrier }) => {
      const { answeredAtMs, hangupSource, initiatedAtMs, hangupAtMs = initiatedAtMs } = carrier;
      if (answeredAtMs !== undefined || hangupSource !== 'callee') return false;
      const isUnlimited = tenant.concurrentCalls === 'Unlimited' && tenant.callsInSchedule === 'Unlimited';
      const lately = { fromMs: initiatedAtMs - STALE_MS, toMs: hangupAtMs };
      return isUnlimited && overlapMs(lately, outages) === 0;
    })
    .map(({ callID, carrier }) => `${callID} was refused with ${carrier.hangupCause}`);
};

export const oneStreamAtATime: Invariant = ({ calls }) =>
  calls.flatMap(({ callID, carrier }) => [
    ...(carrier.mostStreamsAtOnce > 1 ? [`${callID} had ${carrier.mostStreamsAtOnce} streams at once`] : []),
    ...carrier.streams
      .filter(({ openedAtMs, twins }) => openedAtMs !== undefined && twins.some(wasOpened))
      .map(({ streamID }) => `${callID} served two sockets of stream ${streamID}`),
  ]);

/** A token is for one socket: a second is refused, however soon it would be closed again. */
function wasOpened(outcome: string): boolean {
  return !outcome.startsWith('refused') && outcome !== 'failed';
}

export const neverDropped: Invariant = ({ calls }) =>
  calls.flatMap((call) => {
    if (call.carrier.answeredAtMs === undefined || call.carrier.hangupSource !== 'callee') return [];
    const { reason, revision = 0 } = eventsOf(call, 'ended').at(-1) ?? {};
    // Whoever wrote it back by the carrier's word alone knows of no reason.
    const isWrittenBack = reason === 'CarrierEnded' && revision < 0;
    return reason === undefined || GOOD_ENDS.has(reason) || isWrittenBack
      ? []
      : [`${call.callID} ended as ${reason}`];
  });

/** Nor does one stay up because the conversation does not go on: its caller would be there still. */
export const noneStaysOpen: Invariant = ({ calls }) =>
  calls.flatMap(({ callID, carrier, dialled, lostPatience }) => [
    ...dialled
      .filter(({ state }) => state !== 'ended')
      .map(({ state }) => `${callID} has a leg to a person that is ${state}`),
    ...(carrier.state === 'ended' ? [] : [`${callID} is ${carrier.state} at the carrier`]),
    ...(lostPatience ? [`${callID} did not come to its end`] : []),
  ]);

/** The calls that were up at the carrier. */
export function answeredCalls({ calls }: Evidence): readonly CallEvidence[] {
  return calls.filter(({ carrier }) => carrier.answeredAtMs !== undefined);
}

function isWithin(atMs: number | undefined, spans: readonly Span[]): boolean {
  return atMs !== undefined && spans.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
}
