import type { CallEvent } from '../call-event.ts';
import type { CallRecord, StoredCall, Transfer, TransferFailure } from '../call-record.ts';
import { legToEndOf, ringingUntilMs } from '../consult.ts';
import {
  BRIDGE_CONFIRM_MS,
  COMMAND_MS,
  HANDED_OVER_CHECK_MS,
  HANDED_OVER_SLACK_MS,
  LEG_CHECK_MS,
  LEG_OVER_GRACE_MS,
  MAX_ATTEMPTS,
  MAX_END_ATTEMPTS,
  MAX_TRANSFERS,
  TRANSFER_REPEAT_MS,
} from '../deadlines.ts';
import { countTransfer, settle, talkedMsOf } from '../settlement.ts';
import type { Outcome, Transition } from '../transition.ts';
import { awaitConfirmation } from './any-state.ts';
import { goOnAsking, withLegOver } from './consult-moves.ts';
import { asHandedOver, bridgedTransferOf, noteTalk, transferOf } from './late-news.ts';
import {
  awaitHangUp,
  hangUp,
  isPresent,
  moved,
  nextGeneration,
  repeat,
  send,
  startGeneration,
  waitAndRepeat,
  withDeadline,
  withRecord,
} from './moves.ts';

/** The cells of the table in machine.ts for calls on their way to a person, and for those with one. */

// ── talking ──────────────────────────────────────────────────────────────────────────────────────

export function transfer(call: StoredCall, event: CallEvent<'transfer'>): Outcome {
  const { record } = call;
  const { target, number, timeLimitSeconds, consult, atMs } = event;
  const legBefore = legBeforeOf(record);
  // Nobody is asked before the leg of the last one is ended. Who is put through at once may be in danger.
  if (event.generation !== record.generation || (consult && legBefore)) return undefined;
  const generation = nextGeneration(record.transfer?.generation ?? 0, atMs);
  const before = legBefore ? { legBefore } : {};
  const transfer = { target, number, timeLimitSeconds, generation, startedAtMs: atMs, ...before };
  const counted = withRecord(call, {
    transfer,
    transfers: record.transfers + 1,
    personMs: (record.personMs ?? 0) + (record.transfer ? talkedMsOf(record.transfer) : 0),
  });
  const begun = consult
    ? goOnAsking(counted, { ...transfer, consult }, atMs)
    : putThrough(counted, transfer, atMs);
  return record.transfers < MAX_TRANSFERS ? moved(begun) : returnToAgent(begun, atMs, 'Failed');
}

function putThrough(call: StoredCall, { generation, legBefore }: Transfer, nowMs: number): StoredCall {
  const { command, ...sent } = send('transfer', generation, nowMs);
  const ending = legBefore ? { endLeg: true } : {};
  return withRecord(call, { ...sent, command: { ...command, ...ending }, state: 'transferring' });
}

function legBeforeOf(record: CallRecord): Transfer['legBefore'] {
  const legCallID = legToEndOf(record);
  return record.transfer && legCallID !== undefined
    ? { legCallID, generation: record.transfer.generation }
    : undefined;
}

// ── transferring ─────────────────────────────────────────────────────────────────────────────────

export function transferCommandDone(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  return event.step === 'look_up' ? legLives(call, event) : awaitConfirmation(call, event);
}

export function transferCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  const { failure, atMs } = event;
  if (event.step === 'look_up') return failure === 'CallEnded' ? legIsGone(call, event) : undefined;
  if (failure === 'CallEnded') return awaitHangUp(call, atMs);
  if (failure === 'Throttled') return waitAndRepeat(call, atMs);
  return failure === 'Unreachable' ? undefined : returnToAgent(call, atMs, 'Failed');
}

export function noteLeg(call: StoredCall, event: CallEvent<'legDialled'>): Outcome {
  const transfer = transferOf(call.record, event);
  if (!transfer || transfer.legCallID !== undefined) return undefined;
  const { command } = call.record;
  return moved(
    withRecord(call, {
      transfer: { ...transfer, legCallID: event.legCallID },
      // A question after the leg is still to be answered.
      command: command?.step === 'transfer' ? { ...command, done: true } : command,
      deadlineAtMs: Math.min(ringingUntilMs(transfer), event.atMs + LEG_CHECK_MS),
    }),
  );
}

export function noteLegAnswered(call: StoredCall, event: CallEvent<'legAnswered'>): Outcome {
  const transfer = transferOf(call.record, event);
  if (!transfer || transfer.legAnsweredAtMs !== undefined) return undefined;
  const answered = { ...transfer, legAnsweredAtMs: event.occurredAtMs };
  return moved(withRecord(call, { transfer: answered, deadlineAtMs: event.atMs + BRIDGE_CONFIRM_MS }));
}

export function bridge(call: StoredCall, event: CallEvent<'bridged'>): Outcome {
  const transfer = bridgedTransferOf(call.record, event);
  return transfer && handOver(call, event.atMs, event.occurredAtMs);
}

/** Nobody was reached, or the whole conversation was shorter than the way of the webhook of its begin. */
export function legEnded(call: StoredCall, event: CallEvent<'legHungUp'>): Outcome {
  const transfer = transferOf(call.record, event);
  if (!transfer) return undefined;
  const over = withLegOver(call, event.occurredAtMs);
  if (event.failure !== undefined) return returnToAgent(over, event.atMs, event.failure);
  return handOver(over, event.atMs, transfer.legAnsweredAtMs ?? event.occurredAtMs);
}

/** Somebody who has answered forwards to nobody; and it was the transfer of then. */
export function endLoop(call: StoredCall, event: CallEvent<'looped'>): Outcome {
  const { legAnsweredAtMs, startedAtMs = 0 } = call.record.transfer ?? {};
  if (legAnsweredAtMs !== undefined || event.seenAtMs < startedAtMs) return undefined;
  return returnToAgent(call, event.atMs, 'Loop');
}

/**
 * Somebody answered and the bridge was not told, or the command is to be repeated. Else only the carrier
 * knows whether it rings, is over, or the two are talking, which our webhooks may tell later than this: it is
 * asked before the caller is taken away from anybody.
 */
export function transferDue(call: StoredCall, event: CallEvent<'due'>): Transition {
  const { command, attempts, transfer } = call.record;
  const { atMs } = event;
  if (transfer?.legAnsweredAtMs !== undefined) return handOver(call, atMs, transfer.legAnsweredAtMs);
  const isAsked = command?.step === 'look_up';
  const mayRepeat = atMs < (transfer?.startedAtMs ?? 0) + TRANSFER_REPEAT_MS;
  if (!isAsked && !command?.done && attempts < MAX_ATTEMPTS && mayRepeat) return repeat(call, atMs);
  // It says nothing for long, so nothing of ours may end what may be a conversation of two people.
  if (isAsked && !command.done && attempts >= MAX_END_ATTEMPTS) return handOver(call, atMs, atMs);
  const asked = send('look_up', nextGeneration(command?.generation ?? 0, atMs), atMs);
  return moved(withRecord(call, { ...asked, attempts: isAsked && !command.done ? attempts + 1 : 1 }));
}

/** A leg that cannot be ringing any more was answered. */
function legLives(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  const { command, transfer } = call.record;
  if (!transfer || !command || command.done || !isPresent(call, event)) return undefined;
  if (event.atMs >= ringingUntilMs(transfer)) return handOver(call, event.atMs, event.atMs);
  const deadlineAtMs = nextCheckAtMs(transfer, event.atMs);
  return moved(withRecord(call, { command: { ...command, done: true }, deadlineAtMs }));
}

/** One that has been dialled is asked after now and then; whether anything was dialled, once nobody can be ringing any more. */
function nextCheckAtMs(transfer: Transfer, nowMs: number): number {
  const untilMs = ringingUntilMs(transfer);
  return transfer.legCallID === undefined ? untilMs : Math.min(untilMs, nowMs + LEG_CHECK_MS);
}

function legIsGone(call: StoredCall, { atMs }: CallEvent<'commandFailed'>): Outcome {
  const { transfer } = call.record;
  if (!transfer) return undefined;
  const over = withLegOver(call);
  return returnToAgent(over, atMs, atMs < ringingUntilMs(transfer) ? 'Failed' : 'NoAnswer');
}

// ── attaching, talking ───────────────────────────────────────────────────────────────────────────

/**
 * We had given the transfer up, and somebody answered all the same: the two are talking, and the agent is
 * to be quiet. A bridge of which the end is known is none any more.
 */
export function bridgeAfterReturn(call: StoredCall, event: CallEvent<'bridged'>): Outcome {
  const transfer = bridgedTransferOf(call.record, event);
  if (transfer?.failure === undefined) return undefined;
  if (transfer.legOver) return noteTalk(call, event);
  return handOverFromStream(call, event.atMs, event.occurredAtMs);
}

/** The two talk, and the agent still has a stream: it ends. */
export function handOverFromStream(call: StoredCall, nowMs: number, bridgedAtMs: number): Transition {
  const { call: handed, ...effects } = handOver(call, nowMs, bridgedAtMs);
  const asked = send('look_up', nextGeneration(0, nowMs), nowMs);
  const command = { ...asked.command, endStream: true };
  return { ...effects, call: withRecord(handed, { ...asked, command }) };
}

// ── handed-over ──────────────────────────────────────────────────────────────────────────────────

/** The carrier hangs up the caller's leg, too, and tells so in a moment. */
export function personHungUp(call: StoredCall, event: CallEvent<'legHungUp'>): Outcome {
  const transfer = transferOf(call.record, event);
  if (!transfer || transfer.legOver) return undefined;
  const over = withRecord(withLegOver(call, event.occurredAtMs), { attempts: 0 });
  return moved(withDeadline(over, event.atMs + LEG_OVER_GRACE_MS));
}

/** Asks the carrier whether the call lives: nothing of ours ends it, and its webhooks may be lost. */
export function askAfter(call: StoredCall, event: CallEvent<'due'>): Transition {
  const { attempts, transfer, command, bridgedAtMs = event.atMs } = call.record;
  const limitMs = (transfer?.timeLimitSeconds ?? 0) * 1_000 + HANDED_OVER_SLACK_MS;
  if (event.atMs > bridgedAtMs + limitMs) return settle(call, event.atMs);
  if (transfer?.legOver && attempts >= MAX_END_ATTEMPTS) return hangUp(call, event.atMs, 'Transferred');
  const last = command?.generation ?? 0;
  const endStream = command?.done === false && command.endStream === true;
  // The stop of the stream is a repeat, and has the command_id of the first.
  const generation = endStream ? last : nextGeneration(last, event.atMs);
  const waitMs = transfer?.legOver ? LEG_OVER_GRACE_MS : endStream ? COMMAND_MS : HANDED_OVER_CHECK_MS;
  return moved(
    withRecord(call, {
      command: { step: 'look_up', generation, done: false, ...(endStream ? { endStream } : {}) },
      attempts: attempts + 1,
      deadlineAtMs: event.atMs + waitMs,
    }),
  );
}

/** The call lives. A caller whose person is gone is nobody's: back to the agent. */
export function stillThere(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  const { command, transfer } = call.record;
  if (!command || command.done || !isPresent(call, event)) return undefined;
  if (transfer?.legOver) return returnToAgent(call, event.atMs, 'Failed');
  const deadlineAtMs = event.atMs + HANDED_OVER_CHECK_MS;
  return moved(withRecord(call, { command: { ...command, done: true }, deadlineAtMs }));
}

/** The agent's stream is over, so there is none to be ended any more. */
export function noteStreamEnd(
  call: StoredCall,
  event: CallEvent<'mediaLost' | 'streamStopped' | 'streamFailed'>,
): Outcome {
  const { command, generation } = call.record;
  if (!command?.endStream || event.generation !== generation) return undefined;
  return moved(withRecord(call, { command: { ...command, endStream: false } }));
}

// ── parts ────────────────────────────────────────────────────────────────────────────────────────

function handOver(call: StoredCall, nowMs: number, bridgedAtMs: number): Transition {
  const { transfer } = call.record;
  const waitMs = transfer?.legOver ? LEG_OVER_GRACE_MS : HANDED_OVER_CHECK_MS;
  return moved(
    withRecord(call, {
      ...asHandedOver(bridgedAtMs),
      transfer: transfer && {
        ...transfer,
        failure: undefined,
        legEndedAtMs: transfer.legOver ? transfer.legEndedAtMs : undefined,
      },
      state: 'handed-over',
      command: undefined,
      attempts: 0,
      deadlineAtMs: nowMs + waitMs,
    }),
    // Held anew, as the call may last longer from now on; see the README for why it is held at all.
    { lease: 'hold' },
  );
}

/** The caller is the agent's again, which is told why; nothing of the transfer is left at the carrier. */
export function returnToAgent(call: StoredCall, nowMs: number, failure: TransferFailure): Transition {
  const { transfer, bridgedAtMs } = call.record;
  const returned = withRecord(call, {
    transfer: transfer && {
      ...transfer,
      failure,
      told: undefined,
      bridgedAtMs,
      legEndedAtMs: transfer.legEndedAtMs ?? nowMs,
    },
    bridgedAtMs: undefined,
    reason: undefined,
  });
  const { record, transferred } = countTransfer(returned.record, nowMs);
  const started = startGeneration(withRecord(returned, record), nowMs, 1);
  const { command } = started.record;
  const endLeg = transfer?.legCallID !== undefined && !transfer.legOver;
  return moved(withRecord(started, { command: command && { ...command, endLeg } }), { transferred });
}
