import type { CallEvent } from '../call-event.ts';
import type { StoredCall } from '../call-record.ts';
import {
  ANSWER_CONFIRM_MS,
  APOLOGY_MS,
  ATTACH_MS,
  COMMAND_MS,
  HANDED_OVER_CHECK_MS,
  HANGUP_CONFIRM_MS,
  SPEECH_CHARACTER_MS,
  SPEECH_START_MS,
  TRANSFER_MS,
  VOICEMAIL_MS,
} from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import { settleAfterLeg } from './consult-moves.ts';
import { awaitHangUp, isPresent, moved, withDeadline, withHangUp, withRecord } from './moves.ts';
import { withAnswerPresumed } from './presumed-answer.ts';

/** Cells that several rows of the table in machine.ts share. */

/** The carrier accepted the command: now its effect has so long to be reported. */
export function awaitConfirmation(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  const { command } = call.record;
  if (!command || command.done || !isPresent(call, event)) return undefined;
  const { treatment } = call.record;
  const waits: Partial<Record<typeof command.step, number>> = {
    answer: ANSWER_CONFIRM_MS,
    streaming_start: ATTACH_MS,
    transfer: TRANSFER_MS,
    look_up: HANDED_OVER_CHECK_MS,
    speak: treatment ? SPEECH_START_MS + SPEECH_CHARACTER_MS * treatment.message.length : APOLOGY_MS,
    record_start: VOICEMAIL_MS,
    hangup: HANGUP_CONFIRM_MS,
    reject: HANGUP_CONFIRM_MS,
  };
  const confirmed = withRecord(call, { command: { ...command, done: true } });
  return moved(withDeadline(confirmed, event.atMs + (waits[command.step] ?? COMMAND_MS)));
}

export function place(call: StoredCall, event: CallEvent<'placed'>): Outcome {
  if (call.record.pod === event.pod) return undefined;
  return moved(withRecord(call, { pod: event.pod }));
}

export function endGone(call: StoredCall, event: CallEvent<'gone'>): Transition {
  return awaitHangUp(call, event.atMs);
}

/** Of a call that was up and of which nobody told that it was answered, too. */
export function settleHungUp(call: StoredCall, event: CallEvent<'hungUp'>): Transition {
  const { record, ledger } = withAnswerPresumed(call.record, event);
  const settled = settleAfterLeg({ ...call, record: withHangUp(record, event) }, event.atMs);
  return { ...settled, ledger: [...ledger, ...settled.ledger] };
}
