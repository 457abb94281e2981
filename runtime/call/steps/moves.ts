import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import { type LedgerEvent, presumedRevision } from '#crds/ledger/ledger-event.ts';
import type { CallEvent } from '../call-event.ts';
import type { CallRecord, Command, StoredCall } from '../call-record.ts';
import { legToEndOf } from '../consult.ts';
import {
  COMMAND_MS,
  HANGUP_CONFIRM_MS,
  MAX_RESUMES,
  START_STREAM_MS,
  STOPPED_GRACE_MS,
  THROTTLED_FOR_MS,
  THROTTLED_PAUSE_MS,
} from '../deadlines.ts';
import { commonOf, personMsOf } from '../settlement.ts';
import type { Outcome, Transition } from '../transition.ts';

/** What the cells in this folder are made of: records, commands and the moves that several states make. */

export function newRecord(
  event: Pick<CallEvent<'admitted' | 'refused' | 'hungUp'>, 'identity' | 'occurredAtMs'>,
): CallRecord {
  return {
    schemaVersion: 1,
    ...event.identity,
    state: 'ringing',
    generation: 0,
    resumes: 0,
    transfers: 0,
    attempts: 1,
    startedAtMs: event.occurredAtMs,
  };
}

export function withHangUp(record: CallRecord, event: CallEvent<'hungUp'>): CallRecord {
  return {
    ...record,
    hungUpAtMs: event.occurredAtMs,
    reason: record.reason ?? (event.byCaller ? 'CallerHungUp' : 'CarrierEnded'),
    ...(event.cause === undefined ? {} : { carrierCause: event.cause.slice(0, 100) }),
  };
}

/** A new command, to be confirmed as sent before its deadline. */
export function send(
  step: Command['step'],
  generation: number,
  nowMs: number,
): { command: Command; attempts: number; deadlineAtMs: number } {
  return {
    command: { step, generation, done: false, sinceMs: nowMs },
    attempts: 1,
    deadlineAtMs: nowMs + COMMAND_MS,
  };
}

/** The present command once more, under the same command_id. */
export function repeat(call: StoredCall, nowMs: number): Transition {
  const { command, attempts } = call.record;
  return moved(
    withRecord(call, {
      command: command && { ...command, done: false },
      // Too late for a caller not to have noticed.
      seamless: undefined,
      attempts: attempts + 1,
      deadlineAtMs: nowMs + COMMAND_MS,
    }),
  );
}

/**
 * The carrier takes no command for the moment, or no pod a stream: the same one soon, without counting that as
 * a try. For so long that a caller may still be there; from then on tries count.
 */
export function waitAndRepeat(call: StoredCall, nowMs: number): Outcome {
  const { attempts } = call.record;
  if (attempts < 1 || hasWaitedLong(call, nowMs)) return undefined;
  return moved(withRecord(call, { attempts: attempts - 1, deadlineAtMs: nowMs + THROTTLED_PAUSE_MS }));
}

/** Whether the present command has waited for as long as `waitAndRepeat` lets it. */
export function hasWaitedLong(call: StoredCall, nowMs: number): boolean {
  const { state, startedAtMs, generation, command, endingAtMs } = call.record;
  const sinceStreamMs = state === 'attaching' ? generation / 1_000 : undefined;
  const sinceMs = sinceStreamMs ?? command?.sinceMs ?? endingAtMs ?? startedAtMs;
  return nowMs - sinceMs > THROTTLED_FOR_MS;
}

/**
 * The time in µs, or one more than the last where a clock is behind: two generations never meet, even
 * when Redis forgot the last.
 */
export function nextGeneration(last: number, nowMs: number): number {
  return Math.max(last + 1, nowMs * 1_000);
}

/**
 * Of a call that Redis had lost, nobody knows whether it has a stream. While Redis is away such a stream
 * may be that of a pod which talks to the caller: none is stopped but our own.
 */
function isRestart({ generation, rebuilt, alone }: CallRecord): boolean {
  return generation > 0 || (rebuilt === true && alone === undefined);
}

/** Asks for a stream of a new generation. */
export function startGeneration(call: StoredCall, nowMs: number, attempts: number): StoredCall {
  const { record } = call;
  const generation = nextGeneration(record.generation, nowMs);
  // Once it is known what the carrier said to it, the recording outlives the stream.
  const isToRecord = record.recording !== undefined && record.recording.result === undefined;
  return withRecord(call, {
    deadlineAtMs: nowMs + START_STREAM_MS,
    command: {
      step: 'streaming_start',
      generation,
      done: false,
      restart: isRestart(record),
      ...(isToRecord ? { record: true } : {}),
      ...(legToEndOf(record) === undefined ? {} : { endLeg: true }),
    },
    state: 'attaching',
    generation,
    seamless: undefined,
    attempts,
  });
}

/** When an agent has talked for as long as it may: what the caller talked with people is not the agent's. */
export function longestUntilMs(record: CallRecord, nowMs: number): number {
  const { answeredAtMs = nowMs, maxDurationMs } = record;
  return answeredAtMs + maxDurationMs + personMsOf(record, nowMs);
}

/** Asks the carrier who has the call, before anything is done to a stream that may be another pod's. */
export function askFirst(call: StoredCall, nowMs: number, askedAtMs = nowMs): Transition {
  const asked = send('look_up', nextGeneration(0, askedAtMs), nowMs);
  return moved(withRecord(call, { ...asked, deadlineAtMs: nowMs + START_STREAM_MS }));
}

/**
 * Another pod has the stream, by all that can be known here: nothing is done until the carrier tells of its
 * end, or that pod brings what it knows to Redis.
 */
export function leaveElsewhere(call: StoredCall, nowMs: number, generation: number): Transition {
  const { record } = call;
  return moved(
    withRecord(call, {
      state: 'attaching',
      pod: undefined,
      lostPod: undefined,
      seamless: undefined,
      rebuilt: true,
      generation,
      command: { step: 'streaming_start', generation, done: true },
      attempts: 1,
      deadlineAtMs: nowMs + record.maxDurationMs,
    }),
  );
}

/** Attaches the call again: at once, or after a pause in which a hang-up may explain the loss. */
export function resume(call: StoredCall, nowMs: number, afterPause: boolean): Transition {
  const { record } = call;
  const minutes = Math.floor((nowMs - (record.answeredAtMs ?? nowMs)) / 60_000);
  if (record.resumes >= MAX_RESUMES + minutes) return apologise(call, nowMs, 'MediaLost');
  const resumed = withTransferTold(withRecord(call, { resumes: record.resumes + 1 }));
  if (!afterPause) return moved(startGeneration(resumed, nowMs, 1));
  return moved(
    withDeadline(
      withRecord(resumed, { state: 'attaching', command: undefined, attempts: 0 }),
      nowMs + STOPPED_GRACE_MS,
    ),
  );
}

/** A caller who was talked to since a transfer failed knows of it; that the two may be bridged late stays known. */
export function withTransferTold(call: StoredCall): StoredCall {
  const { transfer } = call.record;
  return transfer?.failure === undefined ? call : withRecord(call, { transfer: { ...transfer, told: true } });
}

/** The carrier's voice says what ours could not, and only then the call is hung up. */
export function apologise(call: StoredCall, nowMs: number, reason: HangupReason): Transition {
  return moved(
    withRecord(call, { ...send('speak', 0, nowMs), ...endingBecause(call.record, nowMs, reason) }),
  );
}

export function hangUp(call: StoredCall, nowMs: number, reason: HangupReason): Transition {
  return moved(
    withRecord(call, { ...send('hangup', 0, nowMs), ...endingBecause(call.record, nowMs, reason) }),
  );
}

/**
 * The carrier says that the call is over, but neither since when nor why: its webhook may tell. Until then it
 * ended when it was last known to be there, which is never later than it did.
 */
export function awaitHangUp(call: StoredCall, nowMs: number): Transition {
  return moved(
    withRecord(call, {
      state: 'ending',
      endingAtMs: Math.min(call.record.endingAtMs ?? nowMs, lastAliveAtMs(call) ?? nowMs),
      command: { step: 'hangup', generation: 0, done: true },
      attempts: 1,
      deadlineAtMs: nowMs + HANGUP_CONFIRM_MS,
    }),
  );
}

function lastAliveAtMs({ record, conversation }: StoredCall): number | undefined {
  const proofs = [record.answeredAtMs, record.aliveAtMs, conversation?.keptAtMs].filter(
    (atMs) => atMs !== undefined,
  );
  return proofs.length > 0 ? Math.max(...proofs) : undefined;
}

export function endingBecause(record: CallRecord, nowMs: number, reason: HangupReason) {
  return {
    state: 'ending',
    endingAtMs: record.endingAtMs ?? nowMs,
    reason: record.reason ?? reason,
  } as const;
}

/** Whether a command's result is about the command that waits for one. */
export function isPresent(call: StoredCall, result: Pick<Command, 'step' | 'generation'>): boolean {
  const { command } = call.record;
  return command?.step === result.step && command.generation === result.generation;
}

export function withRecord(call: StoredCall, change: Partial<CallRecord>): StoredCall {
  return { ...call, record: { ...call.record, ...change } };
}

export function withDeadline(call: StoredCall, deadlineAtMs: number): StoredCall {
  return withRecord(call, { deadlineAtMs });
}

export function moved(call: StoredCall, effects: Partial<Omit<Transition, 'call'>> = {}): Transition {
  return { call, ledger: [], lease: 'keep', ...effects };
}

export function startedEvent(record: CallRecord): LedgerEvent {
  return {
    ...commonOf(record, 'started', record.startedAtMs),
    kind: 'started',
    from: record.from.slice(0, 200),
    to: record.to.slice(0, 200),
    runtime: record.runtime,
    carrierCallID: record.carrierCallID,
  };
}

export function answeredEvent(
  record: CallRecord,
  { occurredAtMs, presumed }: Pick<CallEvent<'answered'>, 'occurredAtMs' | 'presumed'>,
): LedgerEvent {
  return {
    ...commonOf(record, 'answered', occurredAtMs),
    kind: 'answered',
    ...(presumed ? { revision: presumedRevision(occurredAtMs) } : {}),
  };
}
