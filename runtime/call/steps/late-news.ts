import type { CallEvent } from '../call-event.ts';
import type { CallRecord, StoredCall, Transfer } from '../call-record.ts';
import {
  CORRECTED_BRIDGE,
  countTransfer,
  endedEvent,
  endOf,
  firstRevisionOf,
  settle,
} from '../settlement.ts';
import type { Outcome, Transition } from '../transition.ts';
import { withLegOver } from './consult-moves.ts';
import { withEndOfLeg } from './leg-to-end.ts';
import { moved, withRecord } from './moves.ts';

/**
 * The cells of the table in machine.ts for what the carrier tells of a transfer when the call has gone on, and which
 * transfer it is about.
 */

// ── attaching, talking, ending, settled ──────────────────────────────────────────────────────────

/** The end of a leg whose transfer was given up: until then a person may have had the caller. */
export function noteLegEnd(call: StoredCall, event: CallEvent<'legHungUp'>): Outcome {
  const transfer = transferOf(call.record, event);
  if (transfer?.failure === undefined) return undefined;
  const legEndedAtMs = Math.min(event.occurredAtMs, transfer.legEndedAtMs ?? Number.POSITIVE_INFINITY);
  if (transfer.legOver && legEndedAtMs === transfer.legEndedAtMs) return undefined;
  return counted(withLegOver(call, legEndedAtMs), event.atMs);
}

/** That a person had the caller, of a transfer that gave the caller back. */
export function noteTalk(call: StoredCall, { occurredAtMs, atMs }: CallEvent<'bridged'>): Outcome {
  const { transfer } = call.record;
  if (!transfer || occurredAtMs >= (transfer.bridgedAtMs ?? Number.POSITIVE_INFINITY)) return undefined;
  return counted(withRecord(call, { transfer: { ...transfer, bridgedAtMs: occurredAtMs } }), atMs);
}

// ── handed-over, ending, settled ─────────────────────────────────────────────────────────────────

/** The bridge is told late: its time was a guess, if it was known at all. */
export function noteBridge(call: StoredCall, event: CallEvent<'bridged'>): Outcome {
  if (bridgedTransferOf(call.record, event)?.failure !== undefined) return noteTalk(call, event);
  if (!isNewsOfBridge(call.record, event)) return undefined;
  return moved(withRecord(call, asHandedOver(event.occurredAtMs)));
}

/** The bridge is told after the hang-up: fewer seconds were the agent's, and a person had the call. */
export function correctBridge(call: StoredCall, event: CallEvent<'bridged'>): Outcome {
  if (bridgedTransferOf(call.record, event)?.failure !== undefined) return noteTalk(call, event);
  if (!isNewsOfBridge(call.record, event)) return undefined;
  const bridged = withRecord(call, asHandedOver(event.occurredAtMs));
  const settled = settle(bridged, event.atMs);
  const { record } = bridged;
  if (call.record.reason === 'Transferred') return settled;
  const ended = endedEvent(record, endOf(record, event.atMs), firstRevisionOf(record) + CORRECTED_BRIDGE);
  return { ...settled, ledger: [ended, ...settled.ledger] };
}

// ── parts ────────────────────────────────────────────────────────────────────────────────────────

export function asHandedOver(bridgedAtMs: number) {
  return { bridgedAtMs, reason: 'Transferred' } as const;
}

/** Takes what is now known of a person's time into the books, and for a call that is settled corrects them. */
function counted(call: StoredCall, nowMs: number): Transition {
  if (call.record.state === 'settled') return settle(call, nowMs);
  const { record, transferred } = countTransfer(call.record, nowMs);
  return moved(withEndOfLeg(withRecord(call, record), nowMs), { transferred });
}

/** The transfer that a webhook is about, where it is the latest one. */
export function transferOf(
  { transfer }: CallRecord,
  { generation }: { readonly generation: number },
): Transfer | undefined {
  return generation === transfer?.generation ? transfer : undefined;
}

/**
 * The latest transfer, where it is the one that was bridged. What the carrier tells of the caller's own leg does not
 * name the transfer, and may be late: a bridge of before it began, or before its person took the call, is an earlier
 * one's.
 */
export function bridgedTransferOf(
  { transfer }: CallRecord,
  { generation, occurredAtMs }: CallEvent<'bridged'>,
): Transfer | undefined {
  if (generation !== undefined) return generation === transfer?.generation ? transfer : undefined;
  const { consult, startedAtMs } = transfer ?? {};
  const sinceMs = consult ? consult.acceptedAtMs : startedAtMs;
  return sinceMs !== undefined && occurredAtMs >= sinceMs ? transfer : undefined;
}

function isNewsOfBridge(record: CallRecord, event: CallEvent<'bridged'>): boolean {
  const transfer = bridgedTransferOf(record, event);
  const { bridgedAtMs = Number.POSITIVE_INFINITY } = record;
  return transfer !== undefined && transfer.failure === undefined && event.occurredAtMs < bridgedAtMs;
}
