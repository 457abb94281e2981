import { randomUUID } from 'node:crypto';
import { type LedgerEvent, REBUILT_REVISION } from '#crds/ledger/ledger-event.ts';
import type { CallEvent } from '#runtime/call/call-event.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';
import { REBUILT_GRACE_MS } from '#runtime/call/deadlines.ts';
import { decide } from '#runtime/call/machine.ts';
import type { Transition } from '#runtime/call/transition.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';

/** A call that only this pod knows of, while Redis is away: what became of it, and how it is brought to Redis. */
export interface AwayCall {
  /** Of this absence of Redis: the call may be kept here again in another one. */
  readonly id: string;
  readonly ref: CallRef;
  version: number;
  call: StoredCall | undefined;
  readonly seen: Set<string>;
  /** All that its transitions gave the ledger and the counters so far. */
  ledger: LedgerEvent[];
  counters: Transition['counters'];
  transferred: Transition['transferred'];
  /** While it is being brought to Redis. */
  moving: Promise<unknown> | undefined;
}

export function newAwayCall(ref: CallRef): AwayCall {
  const none = { call: undefined, counters: undefined, transferred: undefined, moving: undefined };
  return { id: randomUUID(), ref, version: 0, seen: new Set(), ledger: [], ...none };
}

export function take(away: AwayCall, { call, ledger, counters, transferred }: Transition, pod: string): void {
  away.version += 1;
  away.call = { ...call, record: { ...call.record, alone: pod } };
  away.ledger = [...away.ledger, ...ledger];
  if (transferred) {
    const { day, seconds } = transferred;
    away.transferred = { day, seconds: seconds + (away.transferred?.seconds ?? 0) };
  }
  if (!counters) return;
  away.counters = {
    month: counters.month,
    calls: counters.calls + (away.counters?.calls ?? 0),
    callSeconds: counters.callSeconds + (away.counters?.callSeconds ?? 0),
  };
}

/** A hang-up that another pod could only note, as a tombstone, ends the call that it belongs to. */
export function adopt(
  away: AwayCall,
  there: StoredCall,
  { pod, nowMs }: { pod: string; nowMs: number },
): void {
  const hungUp = hangUpOf(there, nowMs);
  if (!away.call || !hungUp || there.record.answeredAtMs !== undefined) return;
  const ended = decide(away.call, { ...hungUp, identity: away.call.record });
  if (ended) take(away, ended, pod);
}

/** All that happened to a call here as one transition of what Redis knows of it; undefined: another pod has gone on with it. */
export function transitionOf(
  away: AwayCall,
  there: StoredCall | undefined,
  nowMs: number,
): Transition | undefined {
  if (!away.call || (there && isPast(away.call, there))) return undefined;
  const ended = there && endOf(there, away.call, nowMs);
  if (ended) return ended;
  const call = asBrought(away.call, nowMs);
  return {
    call,
    ledger: away.ledger.map(asUnchecked),
    lease: call.record.state === 'settled' ? 'free' : 'hold',
    counters: away.counters,
    transferred: away.transferred,
  };
}

/** Another pod may have checked it, before Redis went. */
export function asUnchecked(event: LedgerEvent): LedgerEvent {
  return event.kind === 'started' ? { ...event, unchecked: true, revision: REBUILT_REVISION } : event;
}

/** Whether another pod has gone on with the call: what this one knows is older. */
function isPast(call: StoredCall, { record: there }: StoredCall): boolean {
  const { generation } = call.record;
  if (there.settlement || there.generation > generation) return true;
  return isElsewhere(call) && there.generation === generation && generation > 0;
}

/**
 * Of a call that was rebuilt here from the carrier's word, nothing but its end is known better than by the record
 * that is there: whom it was given to before, and what its session has used. Its reason may be known better, so it is
 * settled as a rebuilt one.
 */
function endOf(
  there: StoredCall,
  { record, conversation }: StoredCall,
  nowMs: number,
): Transition | undefined {
  const hungUp = hangUpOf({ record, conversation }, nowMs);
  if (!record.rebuilt || record.transfer || !hungUp || there.record.answeredAtMs === undefined)
    return undefined;
  const known = {
    record: { ...there.record, rebuilt: true },
    conversation: conversation ?? there.conversation,
  };
  return decide(known, hungUp);
}

function hangUpOf({ record }: StoredCall, nowMs: number): CallEvent<'hungUp'> | undefined {
  const { hungUpAtMs, carrierCause: cause, reason } = record;
  if (hungUpAtMs === undefined) return undefined;
  const byCaller = reason === 'CallerHungUp';
  return { kind: 'hungUp', atMs: nowMs, identity: record, occurredAtMs: hungUpAtMs, cause, byCaller };
}

function isElsewhere({ record }: StoredCall): boolean {
  return record.state === 'attaching' && record.pod === undefined;
}

/** The pod that has the stream writes its own over it at once; where it does not, the stream is started again. */
function asBrought(call: StoredCall, nowMs: number): StoredCall {
  const deadline = isElsewhere(call) ? { deadlineAtMs: nowMs + REBUILT_GRACE_MS } : {};
  return { ...call, record: { ...call.record, alone: undefined, ...deadline } };
}
