import { type LedgerEvent, REBUILT_REVISION } from '#crds/ledger/ledger-event.ts';
import type { CallRecord, Settlement, StoredCall, Transfer } from './call-record.ts';
import type { Transition } from './transition.ts';

/**
 * Ends the books of a call: its ledger events, its lease, its counters. Settling again with other
 * figures (a late call.answered or call.hangup, a session's last count) gives a correction under
 * the next revision; with the same figures it gives nothing.
 */
export function settle(call: StoredCall, nowMs: number): Transition {
  const { record } = call;
  const first = record.state !== 'settled';
  const endedAtMs = endOf(record, nowMs);
  const figures = figuresOf(call, endedAtMs);
  const before = record.settlement;
  const changed = figures !== undefined && !sameFigures(figures, before);
  const settlement = changed
    ? { ...figures, revision: before ? before.revision + 1 : firstRevisionOf(record) }
    : before;
  const counted = countTransfer(record, endedAtMs);
  const ledger: LedgerEvent[] = [];
  if (first) ledger.push(endedEvent(record, endedAtMs, firstRevisionOf(record)));
  if (changed && settlement) ledger.push(usageEvent(record, settlement, endedAtMs));
  const lead = first ? partialLeadOf(call, call.conversation?.keptAtMs ?? endedAtMs) : undefined;
  if (lead) ledger.push(lead);
  return {
    call: {
      ...call,
      record: {
        ...record,
        state: 'settled',
        command: undefined,
        deadlineAtMs: undefined,
        endingAtMs: record.endingAtMs ?? endedAtMs,
        reason: record.reason ?? 'CarrierEnded',
        settlement,
        ...counted.record,
      },
    },
    ledger,
    lease: first ? 'free' : 'keep',
    counters:
      changed && settlement
        ? {
            month: settlement.month,
            calls: settlement.calls - (before?.calls ?? 0),
            callSeconds: settlement.callSeconds - (before?.callSeconds ?? 0),
          }
        : undefined,
    transferred: counted.transferred,
  };
}

/**
 * When the call ended: the carrier's hang-up time. Where the carrier never told, the moment we
 * decided to end it: never later than the real end, so a caller's silence is never billed.
 */
export function endOf(record: CallRecord, nowMs: number): number {
  return record.hungUpAtMs ?? record.endingAtMs ?? nowMs;
}

/**
 * What an answered call used. Seconds are the carrier's time from call.answered to the end, without
 * those that people had the caller, each call rounded up to a whole second; the month is the UTC month
 * of call.answered.
 */
function figuresOf(call: StoredCall, endedAtMs: number): Omit<Settlement, 'revision'> | undefined {
  const { answeredAtMs } = call.record;
  if (answeredAtMs === undefined) return undefined;
  const oursMs = endedAtMs - answeredAtMs - personMsOf(call.record, endedAtMs);
  return {
    month: monthOf(answeredAtMs),
    calls: 1,
    callSeconds: Math.max(0, Math.ceil(oursMs / 1_000)),
    sttSeconds: Math.ceil((call.conversation?.sttMs ?? 0) / 1_000),
    ttsCharacters: call.conversation?.ttsCharacters ?? 0,
  };
}

/** How long people had the caller in all, up to `untilMs`. */
export function personMsOf({ personMs = 0, bridgedAtMs, transfer }: CallRecord, untilMs: number): number {
  const present = bridgedAtMs === undefined ? 0 : Math.max(0, untilMs - bridgedAtMs);
  return personMs + present + (transfer ? talkedMsOf(transfer) : 0);
}

/** How long a person had the caller in a transfer that gave the caller back. */
export function talkedMsOf({ bridgedAtMs, legEndedAtMs }: Transfer): number {
  if (bridgedAtMs === undefined || legEndedAtMs === undefined) return 0;
  return Math.max(0, legEndedAtMs - bridgedAtMs);
}

/** What of it is not in the tenant's count of the day yet; `record`: that it is. */
export function countTransfer(
  record: CallRecord,
  untilMs: number,
): { readonly record: Pick<CallRecord, 'transferSeconds'>; readonly transferred: Transition['transferred'] } {
  const bridgedAtMs = record.bridgedAtMs ?? record.transfer?.bridgedAtMs;
  const { transferSeconds = 0 } = record;
  const seconds = Math.ceil(personMsOf(record, untilMs) / 1_000);
  if (bridgedAtMs === undefined || seconds === transferSeconds) return { record: {}, transferred: undefined };
  const transferred = { day: dayOf(bridgedAtMs), seconds: seconds - transferSeconds };
  return { record: { transferSeconds: seconds }, transferred };
}

/** The UTC day of a time, as YYYY-MM-DD. */
export function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/**
 * A call of which Redis lost the record may have been settled before that, from all that was known of
 * it: then that settlement stands, because this one has the lower revision. The same with one that a pod
 * keeps without Redis, which another may have, too.
 */
export function firstRevisionOf({ rebuilt, alone }: CallRecord): number {
  return rebuilt || alone !== undefined ? REBUILT_REVISION : 0;
}

/**
 * How far above its first revision an ending is corrected: each cause has its own, whichever comes first, and a bridge
 * says more than the reason of a conversation.
 */
export const CORRECTED_REASON = 1;
export const CORRECTED_BRIDGE = 2;

/** The UTC month of a time, as YYYY-MM. */
export function monthOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 7);
}

function sameFigures(figures: Omit<Settlement, 'revision'>, before: Settlement | undefined): boolean {
  return (
    before !== undefined &&
    figures.callSeconds === before.callSeconds &&
    figures.sttSeconds === before.sttSeconds &&
    figures.ttsCharacters === before.ttsCharacters
  );
}

/** `revision`: above the first one for a correction. */
export function endedEvent(record: CallRecord, endedAtMs: number, revision: number): LedgerEvent {
  return {
    ...commonOf(record, 'ended', endedAtMs),
    kind: 'ended',
    revision,
    reason: record.reason ?? 'CarrierEnded',
    ...(record.carrierCause === undefined ? {} : { carrierCause: record.carrierCause }),
  };
}

/**
 * What was collected of a form that is not complete, for whoever ends a session, and for whoever settles a call whose
 * session was killed. A later lead of the same call replaces the earlier: turns only ever grow, on any pod.
 */
export function partialLeadOf({ record, conversation }: StoredCall, atMs: number): LedgerEvent | undefined {
  if (conversation?.phase !== 'Collecting' || conversation.collected.length === 0) return undefined;
  const { workflow, collected: fields, nextTurn: revision } = conversation;
  return { ...commonOf(record, 'lead', atMs), kind: 'lead', revision, workflow, fields, complete: false };
}

function usageEvent(record: CallRecord, settlement: Settlement, endedAtMs: number): LedgerEvent {
  return { ...commonOf(record, 'usage', endedAtMs), kind: 'usage', ...settlement };
}

/** The fields that every ledger event of a call has. `suffix` completes the event's id. */
export function commonOf(record: Pick<CallRecord, 'callID' | 'tenantID'>, suffix: string, atMs: number) {
  return {
    schemaVersion: 1,
    id: `${record.callID}/${suffix}`,
    tenantID: record.tenantID,
    callID: record.callID,
    occurredAt: new Date(atMs).toISOString(),
  } as const;
}
