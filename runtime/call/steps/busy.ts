import type { CallEvent } from '../call-event.ts';
import type { CallRecord, StoredCall } from '../call-record.ts';
import { MAX_ATTEMPTS } from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import {
  answeredEvent,
  awaitHangUp,
  hangUp,
  isPresent,
  moved,
  newRecord,
  repeat,
  send,
  startedEvent,
  waitAndRepeat,
  withRecord,
} from './moves.ts';
import { recordingEvent } from './recording.ts';

/** The cells of the table in machine.ts for calls that no agent takes and that are answered all the same. */

// ── ringing ──────────────────────────────────────────────────────────────────────────────────────

/** Held in a set of its own, so that what is left of a tenant's lines stays for its agents. */
export function answerBusy(event: CallEvent<'refused'>): Transition {
  const record: CallRecord = {
    ...newRecord(event),
    state: 'answering',
    reason: 'Busy',
    treatment: event.treatment,
    ...send('answer', 0, event.atMs),
  };
  return moved({ record, conversation: undefined }, { ledger: [startedEvent(record)], lease: 'hold' });
}

// ── answering ────────────────────────────────────────────────────────────────────────────────────

export function announce(call: StoredCall, event: CallEvent<'answered'>): Transition {
  const record = { ...call.record, answeredAtMs: event.occurredAtMs };
  const announcing = withRecord(
    { ...call, record },
    { state: 'announcing', ...send('speak', 0, event.atMs) },
  );
  return moved(announcing, { ledger: [answeredEvent(record, event)] });
}

// ── announcing, recording ────────────────────────────────────────────────────────────────────────

/** The message was said, or should have been by now. */
export function afterMessage(call: StoredCall, event: CallEvent): Transition {
  if (call.record.treatment?.kind !== 'Voicemail') return hangUp(call, event.atMs, 'Busy');
  return moved(withRecord(call, { state: 'recording', ...send('record_start', 0, event.atMs) }));
}

/** A caller who cannot be spoken to or recorded is not left in silence. */
export function busyCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  const { failure, atMs } = event;
  if (failure === 'CallEnded') return awaitHangUp(call, atMs);
  if (failure === 'Throttled') return waitAndRepeat(call, atMs);
  return failure === 'Unreachable' ? undefined : hangUp(call, atMs, 'Busy');
}

export function messageDue(call: StoredCall, event: CallEvent<'due'>): Transition {
  return repeated(call, event) ?? afterMessage(call, event);
}

export function recordingDue(call: StoredCall, event: CallEvent<'due'>): Transition {
  return repeated(call, event) ?? hangUp(call, event.atMs, 'Busy');
}

/** The caller has said it, or said it for as long as one may. */
export function endRecording(call: StoredCall, event: CallEvent<'recorded'>): Transition {
  const { record } = call;
  return {
    ...hangUp(withRecord(call, { recorded: true }), event.atMs, 'Busy'),
    ledger: [recordingEvent(record, event)],
  };
}

// ── parts ────────────────────────────────────────────────────────────────────────────────────────

function repeated(call: StoredCall, event: CallEvent<'due'>): Transition | undefined {
  const { command, attempts } = call.record;
  return command && !command.done && attempts < MAX_ATTEMPTS ? repeat(call, event.atMs) : undefined;
}
