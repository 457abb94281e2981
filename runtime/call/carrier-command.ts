import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { CarrierCommand, DialCommand } from '#runtime/carrier/carrier.ts';
import { type ClientState, encodeClientState } from '#runtime/carrier/client-state.ts';
import { signMediaToken } from '#runtime/media-server/media-token.ts';
import { mediaURLOf } from '#runtime/media-server/media-url.ts';
import type { CallRecord, Command } from './call-record.ts';
import { commandIDOf } from './command-id.ts';
import { ACCEPT_KEY, DECLINE_KEY } from './consult.ts';
import { DECIDE_MS, RING_SECONDS, VOICEMAIL_SECONDS, VOICEMAIL_SILENCE_SECONDS } from './deadlines.ts';

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
  if (step === 'end_leg') return endLegCommandOf(record.callID, { legCallID: legOf(record), generation });
  if (step === 'gather') return { ...base, step, ...questionOf(record, context.secret) };
  if (step === 'look_up' || step === 'dial') throw new Error(`${step} is no command of the call's own leg`);
  if (step === 'bridge') {
    const clientState = clientStateOf(record, context.secret, { bridged: true });
    return { ...base, step, legCallID: legOf(record), clientState };
  }
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

/** A leg for the person alone, in the carrier's words. */
export function dialCommandOf(record: CallRecord, command: Command, secret: string): DialCommand {
  const { callID, carrierCallID, to: from } = record;
  return { commandID: commandIDOf(callID, command), carrierCallID, from, ...transferOf(record, secret) };
}

/** A leg to a person at the carrier, and the generation of the transfer that it was dialled for. */
export interface DialledLeg {
  readonly legCallID: string;
  readonly generation: number;
}

/** Ends it, whoever finds that it is to end. */
export function endLegCommandOf(callID: string, { legCallID, generation }: DialledLeg): CarrierCommand {
  const step = 'hangup';
  return { step, carrierCallID: legCallID, commandID: commandIDOf(callID, { step, generation }) };
}

function legOf({ transfer }: CallRecord): string {
  if (transfer?.legCallID === undefined) throw new Error('no leg is known');
  return transfer.legCallID;
}

function questionOf(record: CallRecord, secret: string) {
  const { consult } = record.transfer ?? {};
  if (!consult) throw new Error('nobody is to be asked');
  return {
    // The question goes to the leg, whose state its webhooks carry.
    carrierCallID: legOf(record),
    text: consult.summary,
    language: consult.language,
    keys: `${ACCEPT_KEY}${DECLINE_KEY}`,
    timeoutMs: DECIDE_MS,
    clientState: transferOf(record, secret).legClientState,
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
  const asked = transfer.consult ? ({ asked: true } as const) : {};
  const shard = shardOf(tenantID);
  const state = { tenantID, callID, shard, generation, workflow, leg: true, ...asked } as const;
  return {
    to: number,
    timeoutSeconds: RING_SECONDS,
    timeLimitSeconds,
    legClientState: encodeClientState(state, secret),
  };
}

/** `bridged`: of a call whose record may get lost, this tells that a person has it, see keep/stuck-calls.ts. */
function clientStateOf(
  { tenantID, callID, answeredAtMs, generation, workflow }: CallRecord,
  secret: string,
  more: Pick<ClientState, 'bridged'> = {},
): string {
  return encodeClientState(
    { tenantID, callID, shard: shardOf(tenantID), answeredAtMs, generation, workflow, ...more },
    secret,
  );
}
