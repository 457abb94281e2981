import type { CallEvent } from '../call-event.ts';
import type { CallRecord, Command, StoredCall } from '../call-record.ts';
import { type Consult, openLegOf, ringingUntilMs } from '../consult.ts';
import {
  BRIDGE_CONFIRM_MS,
  DECIDE_MS,
  DECIDE_SLACK_MS,
  SPEECH_CHARACTER_MS,
  SPEECH_START_MS,
  TRANSFER_REPEAT_MS,
} from '../deadlines.ts';
import { settle } from '../settlement.ts';
import type { Transition } from '../transition.ts';
import { moved, nextGeneration, send, withRecord } from './moves.ts';

/** The moves of calls whose caller waits with the agent while a person is asked. */

/**
 * Goes on with asking the person, by nothing but what is known of them: so it begins, and so it goes on where the
 * caller's stream was lost and is there again. What is sent once more has the same command_id.
 */
export function goOnAsking(call: StoredCall, transfer: Consult, nowMs: number): StoredCall {
  const step = nextStepOf(transfer);
  const isLate = nowMs >= transfer.startedAtMs + TRANSFER_REPEAT_MS;
  // The carrier would not know a repeat any more, and dial a second leg: it is asked for the first.
  if (step === 'dial' && transfer.legCallID === undefined && isLate)
    return askAfterLeg(withRecord(call, { transfer }), nowMs);
  const sent = send(step, transfer.generation, nowMs);
  const asking = withRecord(call, { state: 'consulting', transfer, ...sent });
  const isRinging = step === 'dial' && transfer.legCallID !== undefined;
  return isRinging ? awaiting(asking, transfer, nowMs) : asking;
}

/** Asks the carrier whether there is a leg, and whether it lives. */
export function askAfterLeg(call: StoredCall, nowMs: number): StoredCall {
  return withRecord(call, { state: 'consulting', ...send('look_up', nextGeneration(0, nowMs), nowMs) });
}

/** The present command is done; what it leads to is waited for so long, then the caller is the agent's again. */
export function awaiting(call: StoredCall, transfer: Consult, nowMs: number): StoredCall {
  const { command } = call.record;
  if (!command) return call;
  const waits: Partial<Record<Command['step'], number>> = {
    dial: ringingUntilMs(transfer),
    gather: nowMs + askingMs(transfer),
    bridge: nowMs + BRIDGE_CONFIRM_MS,
  };
  return withRecord(call, {
    command: { ...command, done: true },
    deadlineAtMs: waits[command.step] ?? nowMs,
  });
}

function nextStepOf({ consult, legAnsweredAtMs }: Consult): 'dial' | 'gather' | 'bridge' {
  if (consult.acceptedAtMs !== undefined) return 'bridge';
  return legAnsweredAtMs === undefined ? 'dial' : 'gather';
}

function askingMs({ consult }: Consult): number {
  return SPEECH_START_MS + SPEECH_CHARACTER_MS * consult.summary.length + DECIDE_MS + DECIDE_SLACK_MS;
}

/**
 * Closes the books of a call that is over, after the leg to a person who was being asked: it is linked to the
 * caller's and not bridged with it, so the carrier leaves it up, and nothing is left to end it once all is settled.
 */
export function settleAfterLeg(call: StoredCall, nowMs: number): Transition {
  const { record } = call;
  if (openLegOf(record) === undefined) return settle(call, nowMs);
  return moved(
    withRecord(call, {
      ...send('end_leg', record.transfer?.generation ?? 0, nowMs),
      state: 'ending',
      endingAtMs: record.endingAtMs ?? nowMs,
    }),
  );
}

/** That leg is over, or cannot be ended by us. */
export function settleWithoutLeg(call: StoredCall, nowMs: number): Transition {
  return settle(withLegOver(call), nowMs);
}

export function withLegOver(call: StoredCall, legEndedAtMs?: number): StoredCall {
  const { transfer, command } = call.record;
  if (!transfer) return call;
  const over = { ...transfer, legOver: true, ...(legEndedAtMs === undefined ? {} : { legEndedAtMs }) };
  return withRecord(call, {
    transfer: over,
    command: command?.endLeg ? { ...command, endLeg: false } : command,
  });
}

export function withLeg(call: StoredCall, legCallID: string | undefined): StoredCall {
  const { transfer } = call.record;
  if (!transfer?.consult || legCallID === undefined || transfer.legCallID !== undefined) return call;
  return withRecord(call, { transfer: { ...transfer, legCallID } });
}

/** The reply to a `dial` names the leg, where it is of the latest transfer. */
export function withLegOfReply(call: StoredCall, event: CallEvent<'commandDone'>): StoredCall {
  const isOfLatest = event.step === 'dial' && event.generation === call.record.transfer?.generation;
  return isOfLatest ? withLeg(call, event.legCallID) : call;
}

export function isEndingLeg({ command }: CallRecord): boolean {
  return command?.step === 'end_leg';
}
