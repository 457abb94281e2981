import Telnyx, { APIError } from 'telnyx';
import { z } from 'zod';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { Carrier, CarrierCommand, CarrierResult } from './carrier.ts';

export interface TelnyxCarrierOptions {
  readonly apiKey: string;
  readonly baseURL: string;
  readonly stream: {
    readonly codec: 'PCMU' | 'PCMA' | 'L16';
    readonly sampleRate: 8_000 | 16_000 | 22_050 | 24_000 | 48_000;
    readonly targetLegs: 'opposite' | 'self' | 'both';
  };
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/**
 * How long each try waits for its reply. Telnyx asks for the same command_id again after 500 ms
 * without one; the later tries wait longer, for a carrier that is slow and not away.
 */
const TRY_TIMEOUTS_MS = [500, 1_000, 2_000] as const;

/** Telnyx Call Control, and the only place of the runtime that knows its SDK and its error codes. */
export class TelnyxCarrier implements Carrier {
  readonly #client: Telnyx;
  readonly #options: TelnyxCarrierOptions;

  constructor(options: TelnyxCarrierOptions) {
    this.#options = options;
    // Retries are made in `send` alone, where they keep the command_id and the time limits.
    this.#client = new Telnyx({ apiKey: options.apiKey, baseURL: options.baseURL, maxRetries: 0 });
  }

  async send(command: CarrierCommand): Promise<CarrierResult> {
    const { clock, metrics } = this.#options;
    const startedMs = clock.monotonic();
    const result = await this.#sendWithRetries(command);
    metrics.carrierCommands.inc({ step: command.step, result });
    metrics.carrierCommandSeconds.observe({ step: command.step }, (clock.monotonic() - startedMs) / 1_000);
    return result;
  }

  async #sendWithRetries(command: CarrierCommand): Promise<CarrierResult> {
    const { clock, log } = this.#options;
    for (const [attempt, timeoutMs] of TRY_TIMEOUTS_MS.entries()) {
      try {
        await this.#post(command, timeoutMs);
        return 'Done';
      } catch (error) {
        const failure = failureOf(error);
        // Callers hang up at any time: a command that comes too late for that is nobody's failure.
        log[failure === 'CallEnded' ? 'info' : 'warn'](
          { step: command.step, attempt, failure, ...diagnosisOf(error) },
          'a carrier command failed',
        );
        if (failure !== 'Unreachable') return failure;
      }
      if (attempt < TRY_TIMEOUTS_MS.length - 1) {
        await clock.sleep(backoffMs(attempt, { initialMs: 100, maxMs: 400 }));
      }
    }
    return 'Unreachable';
  }

  async #post(command: CarrierCommand, timeoutMs: number): Promise<void> {
    const { actions } = this.#client.calls;
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
        await actions.speak(
          id,
          { command_id, payload: command.text, voice: 'female', language: command.language },
          options,
        );
        return;
      case 'streaming_start':
        await actions.startStreaming(id, this.#streamBody(command), options);
        return;
    }
  }

  #streamBody(command: Extract<CarrierCommand, { step: 'streaming_start' }>): StartStreamingBody {
    const { codec, sampleRate, targetLegs } = this.#options.stream;
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
}

type StartStreamingBody = Telnyx.Calls.ActionStartStreamingParams;

/** Telnyx's error body. Codes: 90018 the call has ended, 90034 it is not answered yet. */
const errorBodySchema = z.object({ errors: z.array(z.object({ code: z.coerce.string() })) });

function failureOf(error: unknown): Exclude<CarrierResult, 'Done'> {
  if (!(error instanceof APIError)) return 'Unreachable';
  const codes = errorCodesOf(error);
  if (codes.includes('90018') || error.status === 404) return 'CallEnded';
  if (codes.includes('90034')) return 'NotAnswered';
  const { status } = error;
  // No status: no connection or no reply in time. 429 and 5xx may pass.
  if (status === undefined || status === 429 || status >= 500) return 'Unreachable';
  return 'Refused';
}

function errorCodesOf(error: { error: unknown }): readonly string[] {
  const body = errorBodySchema.safeParse(error.error);
  return body.success ? body.data.errors.map(({ code }) => code) : [];
}

/** For the log: never the message, which may repeat the request with the caller's number. */
function diagnosisOf(error: unknown): { status?: number; codes?: readonly string[]; error?: string } {
  if (!(error instanceof APIError)) return { error: error instanceof Error ? error.name : 'unknown' };
  return {
    ...(error.status === undefined ? { error: error.name } : { status: error.status }),
    codes: errorCodesOf(error),
  };
}
