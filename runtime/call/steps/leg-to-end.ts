import type { CallEvent } from '../call-event.ts';
import type { StoredCall } from '../call-record.ts';
import { isStrayLeg, legToEndOf } from '../consult.ts';
import { COMMAND_MS, MAX_LEG_PAUSE_MS } from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import { isEndingLeg, withLeg, withLegOfReply, withLegOver } from './consult-moves.ts';
import { hangUp, isPresent, longestUntilMs, moved, repeat, send, withRecord } from './moves.ts';

/**
 * The cells of the table in machine.ts by which the leg of a person who was asked, and did not take the caller, is
 * ended for sure. It is tried before the caller's next stream is started, again beside the conversation (`talking` has
 * `end_leg` as its command until the carrier took that), and before the books are closed.
 */

// ── attaching, talking, ending ───────────────────────────────────────────────────────────────────

/** A leg of which nobody had told when its person was given up, or its caller. */
export function noteUnwantedLeg(call: StoredCall, event: CallEvent<'legDialled' | 'legAnswered'>): Outcome {
  const isUnwanted =
    event.generation === call.record.transfer?.generation && isStrayLeg(call.record, event.generation);
  return isUnwanted ? noted(call, withLeg(call, event.legCallID), event.atMs) : undefined;
}

/** The late reply to its dial, or the carrier's word to its end, whoever asked for that. */
export function noteLegReply(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  if (event.step === 'dial') return noted(call, withLegOfReply(call, event), event.atMs);
  const { transfer } = call.record;
  if (event.step !== 'end_leg' || event.generation !== transfer?.generation) return undefined;
  if (legToEndOf(call.record) !== undefined) return noted(call, withLegOver(call), event.atMs);
  // The leg of a transfer that the carrier makes by itself may have been connected meanwhile, and tells of its end.
  const { command } = call.record;
  return command?.endLeg ? moved(withRecord(call, { command: { ...command, endLeg: false } })) : undefined;
}

function noted(before: StoredCall, after: StoredCall, nowMs: number): Outcome {
  return after === before ? undefined : moved(withEndOfLeg(after, nowMs));
}

// ── talking ──────────────────────────────────────────────────────────────────────────────────────

/** In a conversation, what is left to do of the leg is the call's command; in other states it is as it was. */
export function withEndOfLeg(call: StoredCall, nowMs: number): StoredCall {
  const { state, transfer } = call.record;
  if (state !== 'talking') return call;
  const longestMs = longestUntilMs(call.record, nowMs);
  if (legToEndOf(call.record) === undefined)
    return withRecord(call, { command: undefined, attempts: 0, deadlineAtMs: longestMs });
  const sent = send('end_leg', transfer?.generation ?? 0, nowMs);
  return withRecord(call, { ...sent, deadlineAtMs: Math.min(sent.deadlineAtMs, longestMs) });
}

/** What the carrier refuses is left to the end of the call; without its word, the same is told to it again. */
export function legEndFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isEndingLeg(call.record) || !isPresent(call, event)) return undefined;
  if (event.failure === 'CallEnded') return moved(withEndOfLeg(withLegOver(call), event.atMs));
  if (event.failure !== 'Refused') return undefined;
  const deadlineAtMs = longestUntilMs(call.record, event.atMs);
  return moved(withRecord(call, { command: undefined, attempts: 0, deadlineAtMs }));
}

/** The agent has talked for as long as it may, or a leg is still to be ended. */
export function talkingDue(call: StoredCall, event: CallEvent<'due'>): Transition {
  const longestMs = longestUntilMs(call.record, event.atMs);
  if (!isEndingLeg(call.record) || event.atMs >= longestMs) return hangUp(call, event.atMs, 'MaxDuration');
  const { call: again } = repeat(call, event.atMs);
  const pauseMs = Math.min(COMMAND_MS * again.record.attempts, MAX_LEG_PAUSE_MS);
  return moved(withRecord(again, { deadlineAtMs: Math.min(event.atMs + pauseMs, longestMs) }));
}
