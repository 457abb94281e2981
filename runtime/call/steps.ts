import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord, Command, StoredCall } from './call-record.ts';
import {
  ANSWER_CONFIRM_MS,
  APOLOGY_MS,
  ATTACH_MS,
  COMMAND_MS,
  HANGUP_CONFIRM_MS,
  MAX_ATTEMPTS,
  MAX_END_ATTEMPTS,
  MAX_RESUMES,
  NOT_ANSWERED_PAUSE_MS,
  STOPPED_GRACE_MS,
  THROTTLED_FOR_MS,
  THROTTLED_PAUSE_MS,
} from './deadlines.ts';
import { commonOf, settle } from './settlement.ts';
import type { Outcome, Transition } from './transition.ts';

/**
 * The cells of the table in machine.ts, one function each, in the order of a call's life. All are
 * pure: what they return is stored by the caller, or not at all.
 */

// ── ringing ──────────────────────────────────────────────────────────────────────────────────────

export function answerIt(event: CallEvent<'admitted'>): Transition {
  const record: CallRecord = {
    ...newRecord(event),
    state: 'answering',
    pod: event.pod,
    ...send('answer', 0, event.atMs),
  };
  return moved({ record, conversation: undefined }, { ledger: [startedEvent(record)], lease: 'hold' });
}

export function rejectIt(event: CallEvent<'refused'>): Transition {
  const record: CallRecord = {
    ...newRecord(event),
    state: 'ending',
    endingAtMs: event.atMs,
    reason: 'Rejected',
    command: { step: 'reject', generation: 0, done: false, cause: event.cause },
    deadlineAtMs: event.atMs + COMMAND_MS,
  };
  return moved({ record, conversation: undefined }, { ledger: [startedEvent(record)] });
}

/** Nothing of such a call is reported: nobody was served and nothing was decided. */
export function leaveTombstone(event: CallEvent<'hungUp'>): Transition {
  const record: CallRecord = { ...newRecord(event), state: 'settled', reason: 'CallerHungUp' };
  return moved({ record: withHangUp(record, event), conversation: undefined });
}

// ── answering ────────────────────────────────────────────────────────────────────────────────────

export function startStream(call: StoredCall, event: CallEvent<'answered'>): Transition {
  const record = { ...call.record, answeredAtMs: event.occurredAtMs };
  return moved(startGeneration({ ...call, record }, event.atMs, 1), { ledger: [answeredEvent(record)] });
}

export function answerFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  if (event.failure === 'CallEnded') return awaitHangUp(call, event.atMs);
  if (event.failure === 'Throttled') return waitForCarrier(call, event.atMs);
  if (event.failure === 'Refused') return hangUp(call, event.atMs, 'RuntimeError');
  return undefined;
}

/**
 * The same command again: the carrier carries it out once, however often it is sent. One that the
 * carrier took has answered the call, also where its webhook is lost: nobody is left in silence for
 * that. The webhook, if it comes after all, finds the call answered.
 */
export function repeatAnswer(call: StoredCall, event: CallEvent<'due'>): Transition {
  const { command, deadlineAtMs = event.atMs } = call.record;
  if (command?.done) {
    const occurredAtMs = deadlineAtMs - ANSWER_CONFIRM_MS;
    return startStream(call, { kind: 'answered', atMs: event.atMs, occurredAtMs });
  }
  if (call.record.attempts >= MAX_ATTEMPTS) return hangUp(call, event.atMs, 'RuntimeError');
  return repeat(call, event.atMs);
}

// ── attaching ────────────────────────────────────────────────────────────────────────────────────

export function startTalking(call: StoredCall, event: CallEvent<'mediaAttached'>): Outcome {
  const { record } = call;
  if (event.generation !== record.generation || record.answeredAtMs === undefined) return undefined;
  return moved({
    ...call,
    record: {
      ...record,
      state: 'talking',
      pod: event.pod,
      command: undefined,
      attempts: 0,
      deadlineAtMs: record.answeredAtMs + record.maxDurationMs,
    },
  });
}

export function streamCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  const { failure, atMs } = event;
  if (failure === 'CallEnded') return awaitHangUp(call, atMs);
  if (failure === 'NotAnswered') return moved(withDeadline(call, atMs + NOT_ANSWERED_PAUSE_MS));
  if (failure === 'Throttled') return waitForCarrier(call, atMs);
  if (failure === 'Refused') return streamFailed(call, event);
  return undefined;
}

export function streamFailed(call: StoredCall, event: CallEvent): Transition {
  if (call.record.attempts >= MAX_ATTEMPTS) return apologise(call, event.atMs, 'MediaLost');
  return moved(startGeneration(call, event.atMs, call.record.attempts + 1));
}

/**
 * Either the pause of `NotAnswered` or `STOPPED_GRACE_MS` is over and a command is to be sent, or
 * the stream was asked for and never came.
 */
export function attachmentDue(call: StoredCall, event: CallEvent<'due'>): Transition {
  const { command, attempts } = call.record;
  if (command && !command.done && attempts < MAX_ATTEMPTS) return repeat(call, event.atMs);
  return streamFailed(call, event);
}

/**
 * The webhook of an earlier stream says nothing of the present one; nor does one that comes in the
 * pause of `STOPPED_GRACE_MS`, when no stream has been asked for again yet.
 */
export function presentStreamFailed(
  call: StoredCall,
  event: CallEvent<'streamStopped' | 'streamFailed'>,
): Outcome {
  const { generation, command } = call.record;
  return event.generation === generation && command ? streamFailed(call, event) : undefined;
}

// ── talking ──────────────────────────────────────────────────────────────────────────────────────

export function attachAgain(call: StoredCall, event: CallEvent<'mediaLost'>): Outcome {
  if (event.generation !== call.record.generation) return undefined;
  return resume(call, event.atMs, event.stopped);
}

export function carrierStoppedStream(
  call: StoredCall,
  event: CallEvent<'streamStopped' | 'streamFailed'>,
): Outcome {
  return event.generation === call.record.generation ? resume(call, event.atMs, true) : undefined;
}

export function finish(call: StoredCall, event: CallEvent<'finished'>): Transition {
  return event.told ? hangUp(call, event.atMs, event.reason) : apologise(call, event.atMs, event.reason);
}

export function endTooLong(call: StoredCall, event: CallEvent<'due'>): Transition {
  return hangUp(call, event.atMs, 'MaxDuration');
}

// ── ending ───────────────────────────────────────────────────────────────────────────────────────

/** The answer's webhook was late: the call is hung up all the same, and metered. */
export function noteAnswered(call: StoredCall, event: CallEvent<'answered'>): Outcome {
  if (call.record.answeredAtMs !== undefined) return undefined;
  const record = { ...call.record, answeredAtMs: event.occurredAtMs };
  return moved({ ...call, record }, { ledger: [answeredEvent(record)] });
}

/** The call is over at the carrier, or cannot be ended by this command: what is left is the wait. */
export function endCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  if (event.failure === 'CallEnded') return awaitHangUp(call, event.atMs);
  if (event.failure === 'Throttled') return waitForCarrier(call, event.atMs);
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
  if (!command || command.done || attempts >= MAX_END_ATTEMPTS) return giveUpEnding(call, event);
  return repeat(call, event.atMs);
}

/** Its hang-up was never reported, or the carrier never replied: the books are closed without it. */
export function giveUpEnding(call: StoredCall, event: CallEvent<'due'>): Transition {
  return settle(call, event.atMs);
}

// ── every state with a record ────────────────────────────────────────────────────────────────────

/** The carrier accepted the command: now its effect has so long to be reported. */
export function awaitConfirmation(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  const { command } = call.record;
  if (!command || command.done || !isPresent(call, event)) return undefined;
  const waitMs = {
    answer: ANSWER_CONFIRM_MS,
    streaming_start: ATTACH_MS,
    speak: APOLOGY_MS,
    hangup: HANGUP_CONFIRM_MS,
    reject: HANGUP_CONFIRM_MS,
  }[command.step];
  return moved(withDeadline(withRecord(call, { command: { ...command, done: true } }), event.atMs + waitMs));
}

export function place(call: StoredCall, event: CallEvent<'placed'>): Outcome {
  if (call.record.pod === event.pod) return undefined;
  return moved(withRecord(call, { pod: event.pod }));
}

export function settleHungUp(call: StoredCall, event: CallEvent<'hungUp'>): Transition {
  return settle({ ...call, record: withHangUp(call.record, event) }, event.atMs);
}

// ── settled ──────────────────────────────────────────────────────────────────────────────────────

/** call.answered came after call.hangup: only now do we know that the call was answered. */
export function correctAnswered(call: StoredCall, event: CallEvent<'answered'>): Outcome {
  const { record } = call;
  // Without a slot, the call was refused or is a tombstone: no command of ours answered it.
  if (record.answeredAtMs !== undefined || record.pod === undefined) return undefined;
  const answered = { ...record, answeredAtMs: event.occurredAtMs };
  const settled = settle({ ...call, record: answered }, event.atMs);
  return { ...settled, ledger: [answeredEvent(answered), ...settled.ledger] };
}

export function correctHungUp(call: StoredCall, event: CallEvent<'hungUp'>): Outcome {
  if (call.record.hungUpAtMs !== undefined) return undefined;
  return settle({ ...call, record: { ...call.record, hungUpAtMs: event.occurredAtMs } }, event.atMs);
}

export function correctCount(call: StoredCall, event: CallEvent<'counted'>): Outcome {
  const corrected = settle({ ...call, conversation: event.conversation }, event.atMs);
  return corrected.ledger.length === 0 ? undefined : corrected;
}

// ── parts ────────────────────────────────────────────────────────────────────────────────────────

function newRecord(event: CallEvent<'admitted' | 'refused' | 'hungUp'>): CallRecord {
  return {
    schemaVersion: 1,
    ...event.identity,
    state: 'ringing',
    generation: 0,
    resumes: 0,
    attempts: 1,
    startedAtMs: event.occurredAtMs,
  };
}

function withHangUp(record: CallRecord, event: CallEvent<'hungUp'>): CallRecord {
  return {
    ...record,
    hungUpAtMs: event.occurredAtMs,
    reason: record.reason ?? (event.byCaller ? 'CallerHungUp' : 'CarrierEnded'),
    ...(event.cause === undefined ? {} : { carrierCause: event.cause.slice(0, 100) }),
  };
}

/** A new command, to be confirmed as sent within COMMAND_MS. */
function send(
  step: Command['step'],
  generation: number,
  nowMs: number,
): { command: Command; attempts: number; deadlineAtMs: number } {
  return { command: { step, generation, done: false }, attempts: 1, deadlineAtMs: nowMs + COMMAND_MS };
}

/** The present command once more, under the same command_id. */
function repeat(call: StoredCall, nowMs: number): Transition {
  const { command, attempts } = call.record;
  return moved(
    withRecord(call, {
      command: command && { ...command, done: false },
      attempts: attempts + 1,
      deadlineAtMs: nowMs + COMMAND_MS,
    }),
  );
}

/**
 * The carrier takes no command for the moment: the same one soon, without counting that as a try. For
 * so long after the command's cause that a caller may still be there; from then on tries count.
 */
function waitForCarrier(call: StoredCall, nowMs: number): Outcome {
  const { state, startedAtMs, generation, endingAtMs = nowMs, attempts } = call.record;
  const sinceMs = { answering: startedAtMs, attaching: generation / 1_000 }[state as string] ?? endingAtMs;
  if (attempts < 1 || nowMs - sinceMs > THROTTLED_FOR_MS) return undefined;
  return moved(withRecord(call, { attempts: attempts - 1, deadlineAtMs: nowMs + THROTTLED_PAUSE_MS }));
}

/**
 * Asks for a stream of a new generation: the time in µs, or one more than the last where a clock is
 * behind, so that two generations never meet, even when Redis forgot the last.
 */
function startGeneration(call: StoredCall, nowMs: number, attempts: number): StoredCall {
  const generation = Math.max(call.record.generation + 1, nowMs * 1_000);
  const sent = send('streaming_start', generation, nowMs);
  return withRecord(call, {
    ...sent,
    command: { ...sent.command, restart: call.record.generation > 0 },
    state: 'attaching',
    generation,
    attempts,
  });
}

/** Attaches the call again: at once, or after a pause in which a hang-up may explain the loss. */
function resume(call: StoredCall, nowMs: number, afterPause: boolean): Transition {
  const { record } = call;
  if (record.resumes >= MAX_RESUMES) return hangUp(call, nowMs, 'MediaLost');
  const resumed = withRecord(call, { resumes: record.resumes + 1 });
  if (!afterPause) return moved(startGeneration(resumed, nowMs, 1));
  return moved(
    withDeadline(
      withRecord(resumed, { state: 'attaching', command: undefined, attempts: 0 }),
      nowMs + STOPPED_GRACE_MS,
    ),
  );
}

/** The carrier's voice says what ours could not, and only then the call is hung up. */
function apologise(call: StoredCall, nowMs: number, reason: HangupReason): Transition {
  return moved(
    withRecord(call, { ...send('speak', 0, nowMs), ...endingBecause(call.record, nowMs, reason) }),
  );
}

function hangUp(call: StoredCall, nowMs: number, reason: HangupReason): Transition {
  return moved(
    withRecord(call, { ...send('hangup', 0, nowMs), ...endingBecause(call.record, nowMs, reason) }),
  );
}

/** The carrier says that the call is over, but neither since when nor why: its webhook may tell. */
function awaitHangUp(call: StoredCall, nowMs: number): Transition {
  return moved(
    withRecord(call, {
      state: 'ending',
      endingAtMs: call.record.endingAtMs ?? nowMs,
      command: { step: 'hangup', generation: 0, done: true },
      attempts: 1,
      deadlineAtMs: nowMs + HANGUP_CONFIRM_MS,
    }),
  );
}

function endingBecause(record: CallRecord, nowMs: number, reason: HangupReason) {
  return {
    state: 'ending',
    endingAtMs: record.endingAtMs ?? nowMs,
    reason: record.reason ?? reason,
  } as const;
}

/** Whether a command's result is about the command that waits for one. */
function isPresent(call: StoredCall, result: Pick<Command, 'step' | 'generation'>): boolean {
  const { command } = call.record;
  return command?.step === result.step && command.generation === result.generation;
}

function withRecord(call: StoredCall, change: Partial<CallRecord>): StoredCall {
  return { ...call, record: { ...call.record, ...change } };
}

function withDeadline(call: StoredCall, deadlineAtMs: number): StoredCall {
  return withRecord(call, { deadlineAtMs });
}

function moved(call: StoredCall, effects: Partial<Omit<Transition, 'call'>> = {}): Transition {
  return { call, ledger: [], lease: 'keep', ...effects };
}

function startedEvent(record: CallRecord): LedgerEvent {
  return {
    ...commonOf(record, 'started', record.startedAtMs),
    kind: 'started',
    from: record.from.slice(0, 200),
    to: record.to.slice(0, 200),
    runtime: record.runtime,
    carrierCallID: record.carrierCallID,
  };
}

function answeredEvent(record: CallRecord & { answeredAtMs: number }): LedgerEvent {
  return { ...commonOf(record, 'answered', record.answeredAtMs), kind: 'answered' };
}
