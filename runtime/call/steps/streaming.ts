import type { CallEvent } from '../call-event.ts';
import type { StoredCall } from '../call-record.ts';
import { consultOf } from '../consult.ts';
import { MAX_ATTEMPTS, NOT_ANSWERED_PAUSE_MS, REBUILT_GRACE_MS, START_STREAM_MS } from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import { awaitConfirmation } from './any-state.ts';
import { goOnAsking } from './consult-moves.ts';
import { isItsEnd } from './ending.ts';
import { noteLegReply, withEndOfLeg } from './leg-to-end.ts';
import {
  apologise,
  askFirst,
  awaitHangUp,
  hangUp,
  hasWaitedLong,
  isPresent,
  leaveElsewhere,
  moved,
  repeat,
  resume,
  startGeneration,
  waitAndRepeat,
  withDeadline,
  withRecord,
  withTransferTold,
} from './moves.ts';

/** The cells of the table in machine.ts for calls that get or have a media stream. */

// ── attaching ────────────────────────────────────────────────────────────────────────────────────

export function startTalking(call: StoredCall, event: CallEvent<'mediaAttached'>): Outcome {
  const { record } = call;
  if (event.generation !== record.generation || record.answeredAtMs === undefined) return undefined;
  // In the pause of STOPPED_GRACE_MS the present stream is over, and none has been asked for.
  if (!record.command) return undefined;
  const talking = withRecord(call, {
    state: 'talking',
    pod: event.pod,
    lostPod: undefined,
    command: undefined,
    attempts: 0,
  });
  const consult = consultOf(record);
  return moved(consult ? goOnAsking(talking, consult, event.atMs) : withEndOfLeg(talking, event.atMs));
}

export function attachingCommandDone(call: StoredCall, event: CallEvent<'commandDone'>): Outcome {
  if (event.step === 'dial' || event.step === 'end_leg') return noteLegReply(call, event);
  if (event.step !== 'look_up') return awaitConfirmation(call, event);
  return isPresent(call, event) ? nobodyElseHasIt(call, event.atMs) : undefined;
}

export function attachedElsewhere(call: StoredCall, event: CallEvent<'streamElsewhere'>): Outcome {
  if (event.generation <= call.record.generation) return undefined;
  return leaveElsewhere(call, event.atMs, event.generation);
}

export function streamCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  const { failure, atMs } = event;
  if (failure === 'CallEnded') return awaitHangUp(call, atMs);
  if (event.step === 'look_up') {
    return failure === 'Throttled' ? waitAndRepeat(call, atMs) : nobodyElseHasIt(call, atMs);
  }
  if (failure === 'NotAnswered') return moved(withDeadline(call, atMs + NOT_ANSWERED_PAUSE_MS));
  // The caller hears nothing until it is there, and nothing of this command is under way any more.
  if (failure === 'Throttled' || failure === 'Unreachable') return waitAndRepeat(call, atMs);
  const isAlone = call.record.alone !== undefined;
  if (failure === 'NoRoom') {
    if (!hasWaitedLong(call, atMs)) return waitAndRepeat(call, atMs);
    // Nobody is left in silence for longer: each further try would take a deadline of its own.
    return isAlone ? leaveElsewhere(call, atMs, 0) : apologise(call, atMs, 'MediaLost');
  }
  if (failure !== 'Refused') return undefined;
  // Another pod's stream is there, most likely; the refused one never was.
  return isAlone ? askFirst(withRecord(call, { generation: 0 }), atMs) : streamFailed(call, event);
}

/** Also where the carrier could not be asked. A stream that was refused to us is somebody's all the same. */
function nobodyElseHasIt(call: StoredCall, nowMs: number): Transition {
  const { generation } = call.record;
  return generation === 0 ? leaveElsewhere(call, nowMs, 0) : moved(startGeneration(call, nowMs, 1));
}

export function streamFailed(call: StoredCall, event: CallEvent): Transition {
  if (call.record.attempts >= MAX_ATTEMPTS) return apologise(call, event.atMs, 'MediaLost');
  return moved(startGeneration(lostAtItsPod(call), event.atMs, call.record.attempts + 1));
}

/**
 * Either the pause of `NotAnswered` or `STOPPED_GRACE_MS` is over and a command is to be sent, or
 * the stream was asked for and never came.
 */
export function attachmentDue(call: StoredCall, event: CallEvent<'due'>): Transition {
  const { command, attempts, alone, pod, generation } = call.record;
  if (command && !command.done && attempts < MAX_ATTEMPTS) return repeat(call, event.atMs);
  if (command?.step === 'look_up') return nobodyElseHasIt(call, event.atMs);
  if (alone === undefined) return streamFailed(call, event);
  // Asked for at another pod, which has it: only it would know that it does not.
  if (command?.done && pod !== alone) return leaveElsewhere(call, event.atMs, generation);
  return command?.done ? streamFailed(call, event) : askFirst(call, event.atMs);
}

/**
 * The webhook of an earlier stream says nothing of the present one; nor does one that comes in the
 * pause of `STOPPED_GRACE_MS`, when no stream has been asked for again yet.
 */
export function presentStreamFailed(
  call: StoredCall,
  event: CallEvent<'streamStopped' | 'streamFailed'>,
): Outcome {
  const { generation, command, alone, pod } = call.record;
  if (event.generation !== generation || !command) return undefined;
  if (alone === undefined || alone === pod) return streamFailed(call, event);
  // The pod that had it asks for it again at once; only where nobody does is it ours to do.
  return moved(withRecord(call, { command: undefined, deadlineAtMs: event.atMs + REBUILT_GRACE_MS }));
}

/**
 * The stream was asked for at a pod that is dead, or was to be: that pod may have been the one to ask, so the
 * command is sent again, and finds another pod. That is no further try.
 */
export function awaitedPodLost(call: StoredCall, event: CallEvent<'ownerLost'>): Outcome {
  const { command } = call.record;
  if (!isOwner(call, event) || command?.step !== 'streaming_start') return undefined;
  return command.done ? streamFailed(call, event) : moved(withDeadline(call, event.atMs + START_STREAM_MS));
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
  return event.generation === call.record.generation
    ? resume(lostAtItsPod(call), event.atMs, true)
    : undefined;
}

/** A stream that broke is no hang-up: nothing is waited for. */
export function carrierLostStream(call: StoredCall, event: CallEvent<'streamFailed'>): Outcome {
  return event.generation === call.record.generation
    ? resume(lostAtItsPod(call), event.atMs, false)
    : undefined;
}

export function takeOver(call: StoredCall, event: CallEvent<'ownerLost'>): Outcome {
  return isOwner(call, event) ? resume(lostAtItsPod(call), event.atMs, false) : undefined;
}

export function giveAway(call: StoredCall, event: CallEvent<'givenAway'>): Outcome {
  if (event.generation !== call.record.generation) return undefined;
  const started = startGeneration(withTransferTold(call), event.atMs, 1);
  return moved(
    withRecord(started, {
      pod: event.to,
      seamless: event.inPause || undefined,
    }),
  );
}

/** Also of a call whose stream is being asked for again: the carrier stopped it for that end, it may be. */
export function finish(call: StoredCall, event: CallEvent<'finished'>): Outcome {
  if (!isItsEnd(call, event)) return undefined;
  return event.told || event.hungUp
    ? hangUp(call, event.atMs, event.reason)
    : apologise(call, event.atMs, event.reason);
}

// ── both ─────────────────────────────────────────────────────────────────────────────────────────

function isOwner({ record }: StoredCall, { generation, pod }: CallEvent<'ownerLost'>): boolean {
  return record.generation === generation && record.pod === pod;
}

function lostAtItsPod(call: StoredCall): StoredCall {
  return withRecord(call, { lostPod: call.record.pod });
}
