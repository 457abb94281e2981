import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { CarrierCommand } from '#runtime/carrier/carrier.ts';
import { encodeClientState } from '#runtime/carrier/client-state.ts';
import { signMediaToken } from '#runtime/media-server/media-token.ts';
import { mediaURLOf } from '#runtime/media-server/media-url.ts';
import type { CallRecord, Command } from './call-record.ts';
import { commandIDOf } from './command-id.ts';
import { RING_SECONDS, VOICEMAIL_SECONDS, VOICEMAIL_SILENCE_SECONDS } from './deadlines.ts';

/** The media socket has to be opened within this time after the stream was asked for. */
const TOKEN_LIFETIME_MS = 60_000;

/** In English for every tenant: it is heard only where all of our own voices failed. */
const APOLOGY =
  'We are sorry, there is a technical problem and we cannot take your call right now. Please call again later. Goodbye.';

const VOICEMAIL = {
  purpose: 'Voicemail',
  maxSeconds: VOICEMAIL_SECONDS,
  silenceSeconds: VOICEMAIL_SILENCE_SECONDS,
} as const;

export interface CommandContext {
  /** The pod that the stream shall come to; required for `streaming_start`. */
  readonly stream: PodHeartbeat | undefined;
  readonly clock: Clock;
  /** Signs client state and media tokens. */
  readonly secret: string;
}

/** A stored command in the carrier's words, complete with signed state and token. */
export function carrierCommandOf(
  record: CallRecord,
  command: Command,
  context: CommandContext,
): CarrierCommand {
  const { carrierCallID } = record;
  const { step, generation } = command;
  const base = { carrierCallID, commandID: commandIDOf(record.callID, command) };
  if (step === 'hangup') return { ...base, step };
  if (step === 'reject') return { ...base, step, cause: command.cause ?? 'CALL_REJECTED' };
  if (step === 'speak') return { ...base, step, ...speechOf(record) };
  if (step === 'transfer') return { ...base, step, ...transferOf(record, context.secret) };
  if (step === 'look_up') throw new Error('a question is no command');
  const clientState = clientStateOf(record, context.secret);
  if (step === 'answer') return { ...base, step, clientState };
  if (step === 'record_start') {
    return { ...base, step, clientState, what: record.treatment ? VOICEMAIL : { purpose: 'Call' } };
  }
  const { stream, clock, secret } = context;
  if (!stream) throw new Error('a stream needs a pod');
  const { tenantID, callID, workflow, answeredAtMs } = record;
  if (answeredAtMs === undefined) throw new Error('a stream needs an answered call');
  const token = {
    tenantID,
    callID,
    generation,
    pod: stream.pod,
    expiresAtMs: clock.now() + TOKEN_LIFETIME_MS,
    call: { carrierCallID, workflow, answeredAtMs },
  };
  return {
    ...base,
    step,
    clientState,
    streamURL: mediaURLOf(stream.mediaURL, stream.pod, callID, generation),
    streamToken: signMediaToken(token, secret),
  };
}

function speechOf({ treatment }: CallRecord): { text: string; language: string } {
  return treatment
    ? { text: treatment.message, language: treatment.language }
    : { text: APOLOGY, language: 'en-US' };
}

/** The person sees the number that the caller dialled: the caller's own would have to be proved to the carrier. */
function transferOf({ tenantID, callID, workflow, transfer }: CallRecord, secret: string) {
  if (!transfer) throw new Error('a transfer needs a target');
  const { number, generation, timeLimitSeconds } = transfer;
  const state = { tenantID, callID, shard: shardOf(tenantID), generation, workflow, leg: true } as const;
  return {
    to: number,
    timeoutSeconds: RING_SECONDS,
    timeLimitSeconds,
    legClientState: encodeClientState(state, secret),
  };
}

function clientStateOf(record: CallRecord, secret: string): string {
  const { tenantID, callID, answeredAtMs, generation, workflow } = record;
  return encodeClientState(
    { tenantID, callID, shard: shardOf(tenantID), answeredAtMs, generation, workflow },
    secret,
  );
}
