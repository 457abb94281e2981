import type Telnyx from 'telnyx';
import type { CarrierCommand, DialCommand } from './carrier.ts';
import { spokenLanguageOf } from './telnyx-voice.ts';

export interface StreamFormat {
  readonly codec: 'PCMU' | 'PCMA' | 'G722' | 'L16' | 'OPUS';
  readonly sampleRate: 8_000 | 16_000 | 22_050 | 24_000 | 48_000;
  readonly targetLegs: 'opposite' | 'self' | 'both';
}

export interface CommandOptions {
  readonly stream: StreamFormat;
  readonly timeoutMs: number;
}

/** Sends one command to Telnyx, once. Throws what the SDK throws. */
export async function postCommand(
  client: Telnyx,
  command: CarrierCommand,
  { stream, timeoutMs }: CommandOptions,
): Promise<void> {
  const { actions } = client.calls;
  const { carrierCallID: id, commandID: command_id } = command;
  const options = { timeout: timeoutMs, maxRetries: 0 };
  switch (command.step) {
    case 'answer':
      await actions.answer(id, { command_id, client_state: command.clientState }, options);
      return;
    case 'reject':
      await actions.reject(id, { command_id, cause: command.cause }, options);
      return;
    case 'hangup':
      await actions.hangup(id, { command_id }, options);
      return;
    case 'streaming_stop':
      await actions.stopStreaming(id, { command_id }, options);
      return;
    case 'speak':
      await actions.speak(id, speakBody(command), options);
      return;
    case 'streaming_start':
      await actions.startStreaming(id, streamBody(command, stream), options);
      return;
    case 'transfer':
      await actions.transfer(id, transferBody(command), options);
      return;
    case 'gather':
      await actions.gatherUsingSpeak(id, gatherBody(command), options);
      return;
    case 'bridge':
      await actions.bridge(id, bridgeBody(command), options);
      return;
    case 'record_start':
      await actions.startRecording(id, recordBody(command), options);
      return;
  }
}

/**
 * Dials a leg, once; resolves to its id, where the reply has one. `link_to` alone makes it a leg of the same session:
 * with `bridge_intent` it would show the caller's number, which would have to be proved to the carrier, and with
 * `bridge_on_answer` a voicemail would get the caller.
 */
export async function postDial(
  client: Telnyx,
  command: DialCommand,
  { applicationID, timeoutMs }: { readonly applicationID: string; readonly timeoutMs: number },
): Promise<string | undefined> {
  const body = {
    connection_id: applicationID,
    command_id: command.commandID,
    link_to: command.carrierCallID,
    to: command.to,
    from: command.from,
    timeout_secs: command.timeoutSeconds,
    time_limit_secs: command.timeLimitSeconds,
    client_state: command.legClientState,
  };
  const { data } = await client.calls.dial(body, { timeout: timeoutMs, maxRetries: 0 });
  return data?.call_control_id || undefined;
}

type CommandOf<Step extends CarrierCommand['step']> = Extract<CarrierCommand, { step: Step }>;

function streamBody(
  command: CommandOf<'streaming_start'>,
  { codec, sampleRate, targetLegs }: StreamFormat,
): Telnyx.Calls.ActionStartStreamingParams {
  return {
    command_id: command.commandID,
    client_state: command.clientState,
    stream_url: command.streamURL,
    stream_auth_token: command.streamToken,
    stream_track: 'inbound_track',
    // The default, mp3, is not played to the caller while we send RTP payloads.
    stream_bidirectional_mode: 'rtp',
    stream_bidirectional_codec: codec,
    stream_bidirectional_sampling_rate: sampleRate,
    stream_bidirectional_target_legs: targetLegs,
  };
}

function speakBody({ commandID, text, language }: CommandOf<'speak'>): Telnyx.Calls.ActionSpeakParams {
  return {
    command_id: commandID,
    payload: text,
    ...voiceOf(language),
  };
}

function gatherBody(command: CommandOf<'gather'>): Telnyx.Calls.ActionGatherUsingSpeakParams {
  return {
    command_id: command.commandID,
    client_state: command.clientState,
    payload: command.text,
    ...voiceOf(command.language),
    minimum_digits: 1,
    maximum_digits: 1,
    // A voicemail that answers hears it once: the caller waits all the while.
    maximum_tries: 1,
    timeout_millis: command.timeoutMs,
    valid_digits: command.keys,
  };
}

function voiceOf(language: string) {
  return { voice: 'female', language: spokenLanguageOf(language) } as const;
}

function transferBody(command: CommandOf<'transfer'>): Telnyx.Calls.ActionTransferParams {
  return {
    command_id: command.commandID,
    to: command.to,
    ...(command.from === undefined ? {} : { from: command.from }),
    timeout_secs: command.timeoutSeconds,
    time_limit_secs: command.timeLimitSeconds,
    target_leg_client_state: command.legClientState,
  };
}

function bridgeBody(command: CommandOf<'bridge'>): Telnyx.Calls.ActionBridgeParams {
  return {
    command_id: command.commandID,
    client_state: command.clientState,
    call_control_id_to_bridge_with: command.legCallID,
  };
}

function recordBody(command: CommandOf<'record_start'>): Telnyx.Calls.ActionStartRecordingParams {
  const { commandID: command_id, clientState: client_state, what } = command;
  const base = { command_id, client_state, format: 'wav' } as const;
  if (what.purpose === 'Call')
    return { ...base, channels: 'dual', recording_track: 'both', play_beep: false };
  return {
    ...base,
    channels: 'single',
    recording_track: 'inbound',
    play_beep: true,
    max_length: what.maxSeconds,
    timeout_secs: what.silenceSeconds,
  };
}
