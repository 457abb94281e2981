import type { CallEvent } from '../call-event.ts';
import type { CallRecord, StoredCall } from '../call-record.ts';
import { ANSWER_CONFIRM_MS, COMMAND_MS, MAX_ATTEMPTS, REBUILT_GRACE_MS } from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import { awaitConfirmation } from './any-state.ts';
import { announce } from './busy.ts';
import {
  answeredEvent,
  askFirst,
  awaitHangUp,
  hangUp,
  isPresent,
  leaveElsewhere,
  moved,
  newRecord,
  repeat,
  send,
  startedEvent,
  startGeneration,
  waitAndRepeat,
  withHangUp,
} from './moves.ts';
import { answerTakenAtMs } from './presumed-answer.ts';

/** The cells of the table in machine.ts for calls that ring or are being answered. Pure, as all cells. */

// ── ringing ──────────────────────────────────────────────────────────────────────────────────────

export function answerIt(event: CallEvent<'admitted'>): Transition {
  const record: CallRecord = {
    ...newRecord(event),
    state: 'answering',
    pod: event.pod,
    recording: event.recording,
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
    loopOf: event.loopOf,
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

/** As it was after the last thing that is known of it. What it was told of before is in the ledger. */
export function rebuildIt(event: CallEvent<'rebuilt'>): Transition {
  const { atMs, answeredAtMs, generation } = event;
  const record = {
    ...newRecord({ ...event, occurredAtMs: answeredAtMs ?? atMs }),
    generation,
    rebuilt: true,
  };
  const state: Partial<CallRecord> =
    answeredAtMs === undefined
      ? {
          state: 'answering',
          command: { step: 'answer', generation: 0, done: true },
          deadlineAtMs: atMs + ANSWER_CONFIRM_MS,
        }
      : {
          state: 'attaching',
          answeredAtMs,
          command: { step: 'streaming_start', generation, done: true },
          deadlineAtMs: atMs + REBUILT_GRACE_MS,
        };
  return moved({ record: { ...record, ...state }, conversation: undefined }, { lease: 'hold' });
}

// ── answering ────────────────────────────────────────────────────────────────────────────────────

export function startStream(call: StoredCall, event: CallEvent<'answered'>): Outcome {
  if (call.record.treatment) return announce(call, event);
  // Told before: the carrier is being asked who has the call.
  if (call.record.answeredAtMs !== undefined) return undefined;
  const record = { ...call.record, answeredAtMs: event.occurredAtMs };
  const effects = { ledger: [answeredEvent(record, event)] };
  // Told perhaps for a second time, of a call that a pod talks to of which Redis cannot tell.
  if (record.rebuilt) return { ...askFirst({ ...call, record }, event.atMs), ...effects };
  return moved(startGeneration({ ...call, record }, event.atMs, 1), effects);
}

export function answeringCommandDone(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  if (event.step !== 'look_up') return awaitConfirmation(call, event);
  return isPresent(call, event) ? presumeAnswered(call, event.atMs) : undefined;
}

export function answerFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  if (event.step === 'look_up' && event.failure === 'Unreachable') return presumeAnswered(call, event.atMs);
  if (event.failure === 'CallEnded') return awaitHangUp(call, event.atMs);
  if (event.failure === 'Throttled') return waitAndRepeat(call, event.atMs);
  if (event.failure === 'Refused') return hangUp(call, event.atMs, 'RuntimeError');
  return undefined;
}

/**
 * The same command again: the carrier carries it out once, however often it is sent. One that the carrier
 * took has answered the call, also where its webhook is lost; but that may have reached another pod,
 * without Redis, so the carrier is asked first.
 */
export function repeatAnswer(call: StoredCall, event: CallEvent<'due'>): Outcome {
  const { command, attempts, deadlineAtMs = event.atMs } = call.record;
  const isQuestion = command?.step === 'look_up';
  if (command?.done && !isQuestion) return askFirst(call, event.atMs, deadlineAtMs);
  if (attempts < MAX_ATTEMPTS) return repeat(call, event.atMs);
  return isQuestion ? presumeAnswered(call, event.atMs) : hangUp(call, event.atMs, 'RuntimeError');
}

/**
 * Nobody else has the call, as far as the carrier tells, and it was answered: nobody is left in silence for a
 * lost webhook. It comes too late then, and finds the call answered.
 */
function presumeAnswered(call: StoredCall, nowMs: number): Outcome {
  const { treatment, answeredAtMs } = call.record;
  const occurredAtMs = answerTakenAtMs(call.record);
  const answered = { kind: 'answered', atMs: nowMs, occurredAtMs, presumed: true } as const;
  if (treatment) return announce(call, answered);
  if (answeredAtMs !== undefined) return moved(startGeneration(call, nowMs, 1));
  const record = { ...call.record, answeredAtMs: occurredAtMs };
  return moved(startGeneration({ ...call, record }, nowMs, 1), { ledger: [answeredEvent(record, answered)] });
}

/** It began, or was taken up, at a pod that Redis does not tell of. */
export function answeredElsewhere(call: StoredCall, event: CallEvent<'streamElsewhere'>): Outcome {
  const { record } = call;
  if (record.treatment) return undefined;
  const answeredAtMs = record.answeredAtMs ?? event.answeredAtMs;
  return leaveElsewhere({ ...call, record: { ...record, answeredAtMs } }, event.atMs, event.generation);
}
