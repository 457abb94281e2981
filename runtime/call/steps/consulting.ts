import type { CallEvent, CallEventKind } from '../call-event.ts';
import type { CallRecord, StoredCall } from '../call-record.ts';
import { type Consult, consultOf } from '../consult.ts';
import { MAX_ATTEMPTS, MAX_END_ATTEMPTS, NOT_ANSWERED_PAUSE_MS, TRANSFER_REPEAT_MS } from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import { askAfterLeg, awaiting, goOnAsking, withLeg, withLegOfReply, withLegOver } from './consult-moves.ts';
import { bridgedTransferOf } from './late-news.ts';
import { isPresent, moved, repeat, waitAndRepeat, withDeadline, withRecord } from './moves.ts';
import { endLoop, handOverFromStream, returnToAgent } from './transferring.ts';

/**
 * The cells of the table in machine.ts for calls whose caller waits with the agent while a person is asked, also while
 * the caller's stream is being attached again (`attaching`):
 *
 *   [dial] ── legAnswered ──▶ [gather] ── Accepted ──▶ [bridge] ── bridged ──▶ handed-over
 *     └── refused, over its time ──┴── Declined, no key ──┴── refused ──▶ attaching, the agent says so
 */

// ── consulting ───────────────────────────────────────────────────────────────────────────────────

export function askingCommandDone(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  if (event.step === 'look_up') return askedLegLives(call, event);
  const known = withLegOfReply(call, event);
  const consult = consultOf(known.record);
  if (!consult) return undefined;
  if (isPresent(call, event) && !call.record.command?.done)
    return moved(awaiting(known, consult, event.atMs));
  return known === call ? undefined : moved(known);
}

export function askingCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  const { failure, atMs, step } = event;
  if (step === 'look_up') return failure === 'CallEnded' ? askedLegIsGone(call, atMs) : undefined;
  if (failure === 'Throttled') return waitAndRepeat(call, atMs);
  if (failure === 'NotAnswered' && step === 'gather')
    return moved(withDeadline(call, atMs + NOT_ANSWERED_PAUSE_MS));
  if (failure === 'Unreachable') return undefined;
  // Refused, perhaps, because it was made already, by one whose reply was lost.
  if (failure === 'Refused' && mayBeBridged(call.record)) return moved(askAfterLeg(call, atMs));
  // Of the caller's own leg, if that is the one that is over, its hang-up tells.
  return returnToAgent(call, atMs, 'Failed');
}

export function askPerson(call: StoredCall, event: CallEvent<'legAnswered'>): Outcome {
  const answered = withAnswer(call, event);
  const consult = answered && consultOf(answered.record);
  return consult && moved(goOnAsking(answered, consult, event.atMs));
}

export function bridgeAsked(call: StoredCall, event: CallEvent<'bridged'>): Outcome {
  const isAsked = consultOf(call.record) !== undefined && bridgedTransferOf(call.record, event) !== undefined;
  return isAsked ? handOverFromStream(call, event.atMs, event.occurredAtMs) : undefined;
}

/**
 * A command is repeated, or what it should have led to did not come. Where the carrier took the bridge, the two are
 * talking; where it did not reply to it, they may be, so it is asked before the leg is ended.
 */
export function askingDue(call: StoredCall, event: CallEvent<'due'>): Transition {
  const { command, attempts, transfer } = call.record;
  const { atMs } = event;
  const acceptedAtMs = transfer?.consult?.acceptedAtMs;
  if (command?.step === 'look_up' && attempts < MAX_END_ATTEMPTS) return repeat(call, atMs);
  // It says nothing for long, so nothing of ours may end what may be a conversation of two people.
  if (command?.done || command?.step === 'look_up') {
    return acceptedAtMs === undefined
      ? returnToAgent(call, atMs, 'NoAnswer')
      : handOverFromStream(call, atMs, acceptedAtMs);
  }
  const repeatUntilMs = (transfer?.startedAtMs ?? 0) + TRANSFER_REPEAT_MS;
  const mayRepeat = command?.step !== 'dial' || atMs < repeatUntilMs;
  if (mayRepeat && attempts < MAX_ATTEMPTS) return repeat(call, atMs);
  return command?.step === 'bridge' ? moved(askAfterLeg(call, atMs)) : returnToAgent(call, atMs, 'Failed');
}

/**
 * The same bridge is asked for once more, within the time in which the carrier knows a repeat. Beyond that the two are given
 * up only where it says that they are not connected: nothing of ours ends what may be a conversation. A person who was
 * not heard of until then can be ringing no more, and is asked.
 */
function askedLegLives(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  const consult = consultOf(call.record);
  if (!consult || !isPresent(call, event)) return undefined;
  const { atMs } = event;
  const { acceptedAtMs = atMs } = consult.consult;
  const { legCallID = event.legCallID, legAnsweredAtMs = atMs } = consult;
  if (legCallID === undefined) return returnToAgent(call, atMs, 'Failed');
  if (atMs >= acceptedAtMs + TRANSFER_REPEAT_MS) {
    return event.apart ? returnToAgent(call, atMs, 'Failed') : handOverFromStream(call, atMs, acceptedAtMs);
  }
  return moved(goOnAsking(call, { ...consult, legCallID, legAnsweredAtMs }, atMs));
}

function askedLegIsGone(call: StoredCall, nowMs: number): Transition {
  const isTaken = call.record.transfer?.consult?.acceptedAtMs !== undefined;
  return returnToAgent(withLegOver(call), nowMs, isTaken ? 'Failed' : 'NoAnswer');
}

type Cell<K extends CallEventKind> = (call: StoredCall, event: CallEvent<K>) => Outcome;

/** What becomes of the caller's stream is of no matter once the two are being connected. */
export function unlessAccepted<K extends CallEventKind>(cell: Cell<K>): Cell<K> {
  return (call, event) =>
    call.record.transfer?.consult?.acceptedAtMs === undefined ? cell(call, event) : undefined;
}

// ── consulting, attaching ────────────────────────────────────────────────────────────────────────

export function noteAskedLeg(call: StoredCall, event: CallEvent<'legDialled'>): Outcome {
  const consult = asked(call, event);
  if (!consult || consult.legCallID !== undefined) return undefined;
  const noted = withLeg(call, event.legCallID);
  const isDialling = noted.record.command?.step === 'dial';
  return moved(isDialling ? awaiting(noted, consult, event.atMs) : noted);
}

/** The first word counts. An acceptance needs no stream any more: the two are connected at once. */
export function decideAsked(call: StoredCall, event: CallEvent<'legDecided'>): Outcome {
  // What Redis gave back of a call may not have the leg yet, without which nothing can be told to it.
  const known = asked(call, event) ? withLeg(call, event.legCallID) : call;
  const consult = asked(known, event);
  if (!consult || consult.consult.acceptedAtMs !== undefined) return undefined;
  if (event.decision !== 'Accepted') return returnToAgent(known, event.atMs, event.decision);
  const accepted = { ...consult, consult: { ...consult.consult, acceptedAtMs: event.occurredAtMs } };
  return moved(goOnAsking(known, accepted, event.atMs));
}

/** Nobody was reached, or who was has hung up; perhaps after the two had talked, of which the caller's leg tells. */
export function askedHungUp(call: StoredCall, event: CallEvent<'legHungUp'>): Outcome {
  const consult = asked(call, event);
  if (!consult) return undefined;
  const over = withLegOver(call, event.occurredAtMs);
  const { acceptedAtMs } = consult.consult;
  if (acceptedAtMs !== undefined && mayBeBridged(call.record) && event.failure === undefined)
    return handOverFromStream(over, event.atMs, acceptedAtMs);
  return returnToAgent(over, event.atMs, event.failure ?? 'Declined');
}

/** As of a transfer that rings, where one is being asked. */
export function endAskedLoop(call: StoredCall, event: CallEvent<'looped'>): Outcome {
  return consultOf(call.record) && endLoop(call, event);
}

// ── attaching ────────────────────────────────────────────────────────────────────────────────────

/** The person hears of the caller once there is an agent with the caller again. */
export function noteAskedAnswer(call: StoredCall, event: CallEvent<'legAnswered'>): Outcome {
  const answered = withAnswer(call, event);
  return answered && moved(answered);
}

// ── parts ────────────────────────────────────────────────────────────────────────────────────────

/** The transfer that a webhook is about, where its person is being asked. */
function asked({ record }: StoredCall, { generation }: { readonly generation: number }): Consult | undefined {
  const consult = consultOf(record);
  return generation === consult?.generation ? consult : undefined;
}

function withAnswer(call: StoredCall, event: CallEvent<'legAnswered'>): StoredCall | undefined {
  const consult = asked(call, event);
  if (!consult || consult.legAnsweredAtMs !== undefined) return undefined;
  const { legCallID = event.legCallID } = consult;
  return withRecord(call, { transfer: { ...consult, legCallID, legAnsweredAtMs: event.occurredAtMs } });
}

/** Once a person takes the call: whether the carrier was told to connect the two, and may have done so. */
function mayBeBridged({ command, attempts, transfer }: CallRecord): boolean {
  const isBridging = transfer?.consult?.acceptedAtMs !== undefined;
  return isBridging && (command?.done === true || command?.step === 'look_up' || attempts > 1);
}
