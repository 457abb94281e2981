import type { CallEvent } from '../call-event.ts';
import type { StoredCall } from '../call-record.ts';
import { openLegOf } from '../consult.ts';
import { END_FOR_MS, MAX_END_ATTEMPTS } from '../deadlines.ts';
import { CORRECTED_REASON, endedEvent, endOf, firstRevisionOf, settle } from '../settlement.ts';
import type { Outcome, Transition } from '../transition.ts';
import { awaitConfirmation, settleHungUp } from './any-state.ts';
import { isEndingLeg, settleAfterLeg, settleWithoutLeg, withLegOver } from './consult-moves.ts';
import { noteLegEnd } from './late-news.ts';
import { noteLegReply } from './leg-to-end.ts';
import {
  answeredEvent,
  awaitHangUp,
  isPresent,
  moved,
  nextGeneration,
  repeat,
  send,
  startGeneration,
  waitAndRepeat,
  withHangUp,
  withRecord,
} from './moves.ts';
import { withAnswerPresumed } from './presumed-answer.ts';

/** The cells of the table in machine.ts for calls that end or have ended. */

// ── ending ───────────────────────────────────────────────────────────────────────────────────────

/**
 * The answer's webhook was late: the call is hung up all the same, and metered. Where it is being rejected, it was
 * answered before Redis lost that, and the caller is connected: then it is talked to.
 */
export function noteAnswered(call: StoredCall, event: CallEvent<'answered'>): Outcome {
  if (call.record.answeredAtMs !== undefined) return undefined;
  if (call.record.command?.step === 'reject') return takeBackRejection(call, event);
  const record = { ...call.record, answeredAtMs: event.occurredAtMs };
  return moved({ ...call, record }, { ledger: [answeredEvent(record, event)] });
}

function takeBackRejection({ record, conversation }: StoredCall, event: CallEvent<'answered'>): Transition {
  const { endingAtMs: _endingAtMs, reason: _reason, ...lost } = record;
  const answered = { ...lost, answeredAtMs: event.occurredAtMs, rebuilt: true };
  const call = startGeneration({ record: answered, conversation }, event.atMs, 1);
  return moved(call, { ledger: [answeredEvent(answered, event)], lease: 'hold' });
}

/** The call is over at the carrier, or cannot be ended by this command: what is left is the wait. */
export function endCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  if (event.step === 'look_up') return event.failure === 'CallEnded' ? giveUpEnding(call, event) : undefined;
  if (event.failure === 'CallEnded' && event.step !== 'end_leg') return awaitHangUp(call, event.atMs);
  if (event.failure === 'Throttled') return waitAndRepeat(call, event.atMs);
  if (event.step === 'end_leg' && event.failure !== 'Unreachable') return settleWithoutLeg(call, event.atMs);
  if (event.step === 'speak') return hangUpAfterSpeaking(call, event);
  return undefined;
}

export function hangUpAfterSpeaking(call: StoredCall, event: CallEvent): Outcome {
  if (call.record.command?.step !== 'speak') return undefined;
  return moved({ ...call, record: { ...call.record, ...send('hangup', 0, event.atMs) } });
}

export function endingDue(call: StoredCall, event: CallEvent<'due'>): Outcome {
  const { command, attempts } = call.record;
  if (command?.step === 'speak') return hangUpAfterSpeaking(call, event);
  if (command && !command.done && attempts < MAX_END_ATTEMPTS) return repeat(call, event.atMs);
  if (isEndingLeg(call.record)) return settleWithoutLeg(call, event.atMs);
  return command && command.step !== 'look_up' ? askAfterEnd(call, event.atMs) : giveUpEnding(call, event);
}

/** No hang-up was reported: only the carrier knows whether the call is over, and since when. */
function askAfterEnd(call: StoredCall, nowMs: number): Transition {
  return moved(withRecord(call, send('look_up', nextGeneration(0, nowMs), nowMs)));
}

/** The carrier says that the call is open: it is hung up once more, by a command of its own. */
export function endingCommandDone(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  const { command, endingAtMs = event.atMs } = call.record;
  if (command?.step === 'end_leg' && isPresent(call, event)) return settleWithoutLeg(call, event.atMs);
  if (event.step === 'dial' || event.step === 'end_leg') return noteLegReply(call, event);
  if (command?.step !== 'look_up') return awaitConfirmation(call, event);
  if (!isPresent(call, event)) return undefined;
  if (event.atMs > endingAtMs + END_FOR_MS) return settleAfterLeg(call, event.atMs);
  return moved(withRecord(call, send('hangup', nextGeneration(0, event.atMs), event.atMs)));
}

/** The carrier told first that it is over; why, the pod that ended it knows. */
export function noteReason(call: StoredCall, event: CallEvent<'finished'>): Outcome {
  if (call.record.reason !== undefined || !isItsEnd(call, event)) return undefined;
  return moved(withRecord(call, { reason: event.reason }));
}

/**
 * The last word of a session that has lost its stream to another pod is not the call's, unless the call was hung up
 * with it.
 */
export function isItsEnd({ record }: StoredCall, { generation, hungUp }: CallEvent<'finished'>): boolean {
  return generation === record.generation || hungUp === true;
}

/** Neither was its hang-up reported nor does the carrier know of it: the books are closed without it. */
export function giveUpEnding(call: StoredCall, event: CallEvent): Transition {
  return settleAfterLeg(call, event.atMs);
}

/** What waits for the end of a person's leg waits on, and the time of the caller's hang-up is known meanwhile. */
export function endedByHangUp(call: StoredCall, event: CallEvent<'hungUp'>): Outcome {
  if (!isEndingLeg(call.record)) return settleHungUp(call, event);
  if (call.record.hungUpAtMs !== undefined) return undefined;
  return moved({ ...call, record: withHangUp(call.record, event) });
}

/** Also of a person who was being asked: nobody else is left to be waited for then. */
export function noteAnyLegEnd(call: StoredCall, event: CallEvent<'legHungUp'>): Outcome {
  const { transfer } = call.record;
  if (openLegOf(call.record) === undefined || transfer?.generation !== event.generation)
    return noteLegEnd(call, event);
  if (isEndingLeg(call.record)) return settleWithoutLeg(call, event.atMs);
  return moved(withLegOver(call, event.occurredAtMs));
}

// ── settled ──────────────────────────────────────────────────────────────────────────────────────

/** call.answered came after call.hangup: only now do we know that the call was answered. */
export function correctAnswered(call: StoredCall, event: CallEvent<'answered'>): Outcome {
  const { record } = call;
  // Without a slot or a message, the call was rejected or is a tombstone: no command of ours answered it.
  const isKnown = record.answeredAtMs !== undefined && record.answerPresumed !== true;
  if (isKnown || !(record.pod ?? record.treatment)) return undefined;
  const answered = { ...record, answeredAtMs: event.occurredAtMs, answerPresumed: undefined };
  const settled = settle({ ...call, record: answered }, event.atMs);
  return { ...settled, ledger: [answeredEvent(answered, event), ...settled.ledger] };
}

/** Also where the carrier was asked first, and could not say that the call was up. */
export function correctHungUp(call: StoredCall, event: CallEvent<'hungUp'>): Outcome {
  const { record, ledger } = withAnswerPresumed(call.record, event);
  if (record.hungUpAtMs !== undefined && ledger.length === 0) return undefined;
  const hungUpAtMs = record.hungUpAtMs ?? event.occurredAtMs;
  const settled = settle({ ...call, record: { ...record, hungUpAtMs } }, event.atMs);
  return { ...settled, ledger: [...ledger, ...settled.ledger] };
}

/**
 * The pod that had the call ended it while it could not say so: what the carrier told was stored first, and that is
 * no more than that somebody hung up.
 */
export function correctReason(call: StoredCall, event: CallEvent<'finished'>): Outcome {
  const { record } = call;
  if (!isItsEnd(call, event) || record.reason !== 'CarrierEnded') return undefined;
  const known = withRecord(call, { reason: event.reason });
  const revision = firstRevisionOf(record) + CORRECTED_REASON;
  return moved(known, { ledger: [endedEvent(known.record, endOf(record, event.atMs), revision)] });
}

export function correctCount(call: StoredCall, event: CallEvent<'counted'>): Outcome {
  if (event.generation !== call.record.generation) return undefined;
  const corrected = settle({ ...call, conversation: event.conversation }, event.atMs);
  return corrected.ledger.length === 0 ? undefined : corrected;
}
