import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { CallEvent } from '../call-event.ts';
import type { CallRecord } from '../call-record.ts';
import { ANSWER_CONFIRM_MS, ANSWERED_WITHIN_MS, COMMAND_MS } from '../deadlines.ts';
import { answeredEvent } from './moves.ts';

/** What is taken for a call's answer where call.answered is lost, or comes after the hang-up. */

/** When the carrier took our answer; where its reply is not known, when that was sent. */
export function answerTakenAtMs({ command, deadlineAtMs, startedAtMs }: CallRecord): number {
  // The question is named after the moment at which the webhook was overdue.
  if (command?.step === 'look_up') return command.generation / 1_000 - ANSWER_CONFIRM_MS;
  const sinceMs = command?.done ? ANSWER_CONFIRM_MS : COMMAND_MS;
  return Math.max(startedAtMs, (deadlineAtMs ?? startedAtMs) - sinceMs);
}

/**
 * The record of a call that turns out to have been up when it ended: answered when the carrier took our answer,
 * until call.answered says better.
 */
export function withAnswerPresumed(
  record: CallRecord,
  event: CallEvent<'hungUp'>,
): { readonly record: CallRecord; readonly ledger: readonly LedgerEvent[] } {
  if (record.answeredAtMs !== undefined || !wasUp(record, event)) return { record, ledger: [] };
  const takenAtMs =
    record.state === 'answering' ? answerTakenAtMs(record) : (record.aliveAtMs ?? record.startedAtMs);
  const occurredAtMs = Math.min(takenAtMs, event.occurredAtMs);
  const answered = { ...record, answeredAtMs: occurredAtMs, answerPresumed: true };
  return { record: answered, ledger: [answeredEvent(answered, { occurredAtMs, presumed: true })] };
}

/**
 * Without a slot or a message no command of ours answered the call. One that we had hung up may have rung until then,
 * unless it was its caller who ended it.
 */
function wasUp(record: CallRecord, event: CallEvent<'hungUp'>): boolean {
  if (!(record.pod ?? record.treatment)) return false;
  if (event.wasUp === undefined) return livedOn(record, event);
  return event.wasUp && (record.state === 'answering' || event.byCaller);
}

/** The carrier was asked, and told no more than when the call ended: it had taken our answer well before that. */
function livedOn(record: CallRecord, { occurredAtMs }: CallEvent<'hungUp'>): boolean {
  const { state, command, rebuilt } = record;
  const isTaken = command?.step === 'look_up' || command?.done === true;
  if (state !== 'answering' || !isTaken || rebuilt) return false;
  return occurredAtMs > answerTakenAtMs(record) + ANSWERED_WITHIN_MS;
}
