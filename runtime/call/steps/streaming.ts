import type { CallEvent } from '../call-event.ts';
import type { StoredCall } from '../call-record.ts';
import { GIVE_AWAY_MS, MAX_ATTEMPTS, NOT_ANSWERED_PAUSE_MS } from '../deadlines.ts';
import type { Outcome, Transition } from '../transition.ts';
import {
  apologise,
  awaitHangUp,
  hangUp,
  hasWaitedLong,
  isPresent,
  longestUntilMs,
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
  return moved({
    ...call,
    record: {
      ...record,
      state: 'talking',
      pod: event.pod,
      lostPod: undefined,
      command: undefined,
      attempts: 0,
      deadlineAtMs: longestUntilMs(record, event.atMs),
    },
  });
}

export function streamCommandFailed(call: StoredCall, event: CallEvent<'commandFailed'>): Outcome {
  if (!isPresent(call, event)) return undefined;
  const { failure, atMs } = event;
  if (failure === 'CallEnded') return awaitHangUp(call, atMs);
  if (failure === 'NotAnswered') return moved(withDeadline(call, atMs + NOT_ANSWERED_PAUSE_MS));
  // The caller hears nothing until it is there, and nothing of this command is under way any more.
  if (failure === 'Throttled' || failure === 'Unreachable') return waitAndRepeat(call, atMs);
  if (failure === 'NoRoom') {
    // Nobody is left in silence for longer: each further try would take a deadline of its own.
    return hasWaitedLong(call, atMs) ? apologise(call, atMs, 'MediaLost') : waitAndRepeat(call, atMs);
  }
  if (failure === 'Refused') return streamFailed(call, event);
  return undefined;
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

/** The stream was asked for at a pod that is dead. Before the command is done, its driver finds out itself. */
export function awaitedPodLost(call: StoredCall, event: CallEvent<'ownerLost'>): Outcome {
  return isOwner(call, event) && call.record.command?.done ? streamFailed(call, event) : undefined;
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

/** The commands have to follow at once: where the pod that gives the call away dies, any other sends them. */
export function giveAway(call: StoredCall, event: CallEvent<'givenAway'>): Outcome {
  if (event.generation !== call.record.generation) return undefined;
  const started = startGeneration(withTransferTold(call), event.atMs, 1);
  return moved(
    withRecord(started, {
      pod: event.to,
      seamless: event.inPause || undefined,
      deadlineAtMs: event.atMs + GIVE_AWAY_MS,
    }),
  );
}

/** The last word of a session that has lost its stream to another pod is not the call's. */
export function finish(call: StoredCall, event: CallEvent<'finished'>): Outcome {
  if (event.generation !== call.record.generation) return undefined;
  return event.told ? hangUp(call, event.atMs, event.reason) : apologise(call, event.atMs, event.reason);
}

export function endTooLong(call: StoredCall, event: CallEvent<'due'>): Transition {
  return hangUp(call, event.atMs, 'MaxDuration');
}

// ── both ─────────────────────────────────────────────────────────────────────────────────────────

function isOwner({ record }: StoredCall, { generation, pod }: CallEvent<'ownerLost'>): boolean {
  return record.generation === generation && record.pod === pod;
}

function lostAtItsPod(call: StoredCall): StoredCall {
  return withRecord(call, { lostPod: call.record.pod });
}
