/** What callers must not hear: nothing. */
import { DEFAULT_VOICE_OPTIONS } from '#runtime/voice/voice-options.ts';
import { MESSAGE } from '#runtime/workflow/closing.ts';
import { PAUSE_MS, TALK_MS } from './caller-of.ts';
import { answeredCalls } from './carrier-invariants.ts';
import { type CallEvidence, type Evidence, eventsOf, isStrained, losesRedis, overlapMs } from './evidence.ts';
import type { FaultKind } from './faults.ts';
import type { Invariant } from './invariants.ts';

export interface SilenceLimits {
  /** How long nobody may be heard while a caller waits for the agent. */
  readonly limitMs: number;
  /** The same where the carrier does not report that a socket is lost, or cannot see it. */
  readonly unreportedLimitMs: number;
}

/** The carrier sees nothing of these, as the socket stays as it is; or what it reports reaches a pod that cannot store it. */
const UNSEEN: ReadonlySet<FaultKind> = new Set([
  'FreezePod',
  'StallStreams',
  'LoseWebhooks',
  'CutRedis',
  'CutAll',
]);
/** What ends a stream: without Redis nobody can say who has the call then. */
const ENDS_STREAMS: ReadonlySet<FaultKind> = new Set([
  'KillPod',
  'FreezePod',
  'ReplacePods',
  'BreakSockets',
  'StallStreams',
]);
/**
 * A pod that is killed about when Redis loses its data takes with it what only the two knew of a call. The next
 * comparison with the carrier finds it: ten seconds after the last one at most, tried every five, with a second look
 * three later, and as long again for a pod that has the call after all.
 */
const FOUND_AGAIN_MS = 21_000;
/** By so much a command is late whose request went wrong once. */
const FAILED_REQUEST_MS = 500;
/** How long the agent waits for a caller who says nothing: that silence is the caller's. */
const CALLERS_SILENCE_MS = 8_000;

/** How long the agent waits for another key after one: more of a number may follow. */
const KEYS_SILENCE_MS = 2_500;
/** The silence after which the agent takes a caller's message to be over. */
const MESSAGE_SILENCE_MS = 5_000;

/** Time in which no pod was there to serve does not count, nor does any on a machine that was too busy. */
export function neverSilent(limits: SilenceLimits): Invariant {
  return (evidence) =>
    isStrained(evidence) ? [] : answeredCalls(evidence).flatMap((call) => silencesOf(call, evidence, limits));
}

function silencesOf(call: CallEvidence, evidence: Evidence, limits: SilenceLimits): string[] {
  const { schedule, outages, shortages } = evidence;
  const { carrier, callID } = call;
  const { answeredAtMs = 0 } = carrier;
  const unseen = schedule.carrier === 'hostile' || schedule.faults.some((fault) => UNSEEN.has(fault.do));
  const failing = schedule.faults.reduce(
    (sum, fault) => sum + (fault.do === 'FailCommands' ? fault.times * FAILED_REQUEST_MS : 0),
    0,
  );
  const isForgotten = losesRedis(evidence) && schedule.faults.some((fault) => fault.do === 'KillPod');
  const found = isForgotten ? FOUND_AGAIN_MS : 0;
  const limitMs = failing + found + (unseen ? limits.unreportedLimitMs : limits.limitMs);
  // Given away in the silence after a message, or while a person is asked, the call is listened to anew.
  const isMoved = schedule.faults.some((fault) => fault.do === 'ReplacePods');
  const isBroken = schedule.faults.some((fault) => ENDS_STREAMS.has(fault.do));
  const excused = [...outages, ...shortages.Carrier, ...(isBroken ? shortages.Redis : [])];
  return carrier.heard.flatMap(({ kind, atMs, lengthMs, callerMs }) => {
    if (kind === 'Sound') return [];
    const fromMs = answeredAtMs + atMs;
    const anew = (leavesMessage(call) ? MESSAGE_SILENCE_MS : 0) + remindedMs(call);
    const own = listenedMs(call, callerMs) + remindedMs(call) + (isMoved ? anew : 0);
    const silentMs = lengthMs - callerMs - overlapMs({ fromMs, toMs: fromMs + lengthMs }, excused);
    return silentMs > limitMs + own ? [`${callID} was silent for ${silentMs} ms from ${atMs} ms on`] : [];
  });
}

/** For how long the agent may wait for the caller, who spoke for so long of the silence. */
function listenedMs(call: CallEvidence, callerMs: number): number {
  if (isSilentCaller(call)) return CALLERS_SILENCE_MS;
  return (leavesMessage(call) ? listeningMs(callerMs) : 0) + (pressesKeys(call) ? KEYS_SILENCE_MS : 0);
}

/** Who waits for a person is told every so often that they are not forgotten. */
function remindedMs({ tenant, dialled }: CallEvidence): number {
  return tenant.asks && dialled.length > 0 ? DEFAULT_VOICE_OPTIONS.waitingAgainMs : 0;
}

function pressesKeys({ carrier }: CallEvidence): boolean {
  return carrier.webhooks.some(({ eventType }) => eventType === 'call.dtmf.received');
}

/** Callers who say nothing leave the agent waiting. */
function isSilentCaller({ carrier }: CallEvidence): boolean {
  return carrier.heard.every(({ callerMs }) => callerMs === 0);
}

/** A message is listened to without a word, through the pauses between its parts. */
function leavesMessage(call: CallEvidence): boolean {
  return eventsOf(call, 'lead').some(({ fields }) => fields.some(({ name }) => name === MESSAGE));
}

/** For how long at most, where the caller spoke for so long of it. */
function listeningMs(callerMs: number): number {
  const parts = Math.ceil(callerMs / TALK_MS);
  return parts === 0 ? 0 : MESSAGE_SILENCE_MS + (parts - 1) * PAUSE_MS;
}
