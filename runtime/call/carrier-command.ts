import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { CarrierCommand } from '#runtime/carrier/carrier.ts';
import { encodeClientState } from '#runtime/carrier/client-state.ts';
import { signMediaToken } from '#runtime/media-server/media-token.ts';
import { mediaURLOf } from '#runtime/media-server/media-url.ts';
import type { CallRecord, Command } from './call-record.ts';
import { commandIDOf } from './command-id.ts';

/** The media socket has to be opened within this time after the stream was asked for. */
const TOKEN_LIFETIME_MS = 60_000;

/** In English for every tenant: it is heard only where all of our own voices failed. */
const APOLOGY =
  'We are sorry, there is a technical problem and we cannot take your call right now. Please call again later. Goodbye.';

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
  if (step === 'speak') return { ...base, step, text: APOLOGY, language: 'en-US' };
  const clientState = clientStateOf(record, context.secret);
  if (step === 'answer') return { ...base, step, clientState };
  const { stream, clock, secret } = context;
  if (!stream) throw new Error('a stream needs a pod');
  const { tenantID, callID } = record;
  const token = {
    tenantID,
    callID,
    generation,
    pod: stream.pod,
    expiresAtMs: clock.now() + TOKEN_LIFETIME_MS,
  };
  return {
    ...base,
    step,
    clientState,
    streamURL: mediaURLOf(stream.mediaURL, stream.pod, callID, generation),
    streamToken: signMediaToken(token, secret),
  };
}

function clientStateOf(record: CallRecord, secret: string): string {
  const { tenantID, callID, answeredAtMs, generation, workflow } = record;
  return encodeClientState(
    { tenantID, callID, shard: shardOf(tenantID), answeredAtMs, generation, workflow },
    secret,
  );
}
