import type { CallEvent } from '../call-event.ts';
import type { CallRecord, StoredCall } from '../call-record.ts';
import { ANSWER_CONFIRM_MS, COMMAND_MS, MAX_ATTEMPTS, REBUILT_GRACE_MS } from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import { announce } from './busy.ts';
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
  startGeneration,
  waitAndRepeat,
  withHangUp,
} from './moves.ts';

/** The cells of the table in machine.ts for calls that ring or are being answered. Pure, as all cells. */

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

export function startStream(call: StoredCall, event: CallEvent<'answered'>): Transition {
  if (call.record.treatment) return announce(call, event);
  const record = { ...call.record, answeredAtMs: event.occurredAtMs };
  return moved(startGeneration({ ...call, record }, event.atMs, 1), { ledger: [answeredEvent(record)] });
}

export function answerFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  if (event.failure === 'CallEnded') return awaitHangUp(call, event.atMs);
  if (event.failure === 'Throttled') return waitAndRepeat(call, event.atMs);
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
