import Telnyx from 'telnyx';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type {
  ActiveCall,
  Carrier,
  CarrierCallStatus,
  CarrierCommand,
  CarrierResult,
  DialCommand,
  Dialled,
} from './carrier.ts';
import { CommandGate, type Urgency } from './command-gate.ts';
import { postCommand, postDial, type StreamFormat } from './telnyx-command.ts';
import { diagnosisOf, failureOf, retryAfterMs } from './telnyx-error.ts';

export interface TelnyxCarrierOptions {
  readonly apiKey: string;
  readonly baseURL: string;
  readonly stream: StreamFormat;
  /** The id of the Call Control application whose calls are ours; absent: learnt from its webhooks. */
  readonly applicationID: string | undefined;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/**
 * How long each try waits for its reply. Telnyx asks for the same command_id again after 500 ms
 * without one; the later tries wait longer, for a carrier that is slow and not away.
 */
const TRY_TIMEOUTS_MS = [500, 1_000, 2_000] as const;
/** How long one command may take with all its waiting for the carrier's rate limit. */
const GIVE_UP_MS = 5_000;
const PAGE_SIZE = 250;
const MAX_PAGES = 40;

/** Telnyx Call Control; only this file and those named after it know its SDK and its error codes. */
export class TelnyxCarrier implements Carrier {
  readonly #client: Telnyx;
  readonly #options: TelnyxCarrierOptions;
  readonly #gate: CommandGate;
  #applicationID: string | undefined;

  constructor(options: TelnyxCarrierOptions) {
    this.#options = options;
    this.#applicationID = options.applicationID;
    this.#gate = new CommandGate(options.clock);
    // Retries are made in `#try` alone, where they keep the command_id and the time limits.
    this.#client = new Telnyx({ apiKey: options.apiKey, baseURL: options.baseURL, maxRetries: 0 });
  }

  async send(command: CarrierCommand): Promise<CarrierResult> {
    const { stream } = this.#options;
    const { step } = command;
    const { failure } = await this.#measured(step, urgencyOf(command), (timeoutMs) =>
      postCommand(this.#client, command, { stream, timeoutMs }),
    );
    return failure ?? 'Done';
  }

  async dial(command: DialCommand): Promise<Dialled> {
    const applicationID = this.#applicationID;
    if (applicationID === undefined) return { result: 'Unreachable' };
    const { value, failure } = await this.#measured('dial', 'Live', (timeoutMs) =>
      postDial(this.#client, command, { applicationID, timeoutMs }),
    );
    return { result: failure ?? 'Done', legCallID: value };
  }

  async #measured<T>(
    step: CarrierCommand['step'] | 'dial',
    urgency: Urgency,
    request: (timeoutMs: number) => Promise<T>,
  ) {
    const { clock, metrics } = this.#options;
    const startedMs = clock.monotonic();
    const sent = await this.#try(step, urgency, request);
    metrics.carrierCommands.inc({ step, result: sent.failure ?? 'Done' });
    metrics.carrierCommandSeconds.observe({ step }, (clock.monotonic() - startedMs) / 1_000);
    return sent;
  }

  async lookUp(carrierCallID: string): Promise<CarrierCallStatus> {
    const asked = await this.#try('look_up', 'Question', (timeout) =>
      this.#client.calls.retrieveStatus(carrierCallID, { timeout, maxRetries: 0 }),
    );
    if (asked.failure === 'CallEnded') return { status: 'Unknown' };
    const call = asked.value?.data;
    if (!call) return { status: 'Unreachable' };
    if (call.is_alive) return { status: 'Live', clientState: call.client_state || undefined };
    const endedAtMs = Date.parse(call.end_time ?? '');
    return { status: 'Ended', endedAtMs: Number.isNaN(endedAtMs) ? undefined : endedAtMs };
  }

  async activeCalls(): Promise<readonly ActiveCall[] | undefined> {
    const applicationID = this.#applicationID;
    if (applicationID === undefined) return undefined;
    const calls: ActiveCall[] = [];
    for (let number = 1; number <= MAX_PAGES; number += 1) {
      const asked = await this.#try('active_calls', 'Question', (timeout) =>
        this.#client.connections.listActiveCalls(
          applicationID,
          { 'page[number]': number, 'page[size]': PAGE_SIZE },
          { timeout, maxRetries: 0 },
        ),
      );
      if (!asked.value) return undefined;
      const page = asked.value.data;
      for (const { call_control_id, client_state } of page) {
        calls.push({
          carrierCallID: call_control_id,
          clientState: client_state || undefined,
        });
      }
      if (page.length < PAGE_SIZE) break;
    }
    return calls;
  }

  async recordingsOfLeg(carrierLegID: string): Promise<readonly string[] | undefined> {
    const applicationID = this.#applicationID;
    if (applicationID === undefined) return undefined;
    const filter = { connection_id: applicationID, call_leg_id: carrierLegID };
    const asked = await this.#try('recordings', 'Question', (timeout) =>
      this.#client.recordings.list({ filter, 'page[size]': PAGE_SIZE }, { timeout, maxRetries: 0 }),
    );
    // What a filter let through that it does not know must not be deleted.
    return asked.value?.data.flatMap(({ id, call_leg_id, connection_id }) =>
      id !== undefined && call_leg_id === carrierLegID && connection_id === applicationID ? [id] : [],
    );
  }

  async deleteRecording(id: string): Promise<boolean> {
    const { failure } = await this.#try('delete_recording', 'Question', (timeout) =>
      this.#client.recordings.delete(id, { timeout, maxRetries: 0 }),
    );
    return failure === undefined || failure === 'CallEnded';
  }

  get waiting(): number {
    return this.#gate.waiting;
  }

  noteApplication(applicationID: string): void {
    this.#applicationID = this.#options.applicationID ?? applicationID;
  }

  /** One request with its retries; a 429 is waited for and is no try. */
  async #try<T>(
    step: CarrierCommand['step'] | 'dial' | 'look_up' | 'active_calls' | 'recordings' | 'delete_recording',
    urgency: Urgency,
    request: (timeoutMs: number) => Promise<T>,
  ): Promise<{ value: T; failure?: undefined } | { value?: undefined; failure: Failure }> {
    const { clock, log } = this.#options;
    const giveUpAtMs = clock.monotonic() + GIVE_UP_MS;
    for (let attempt = 0; ; ) {
      if (!(await this.#pass(urgency, giveUpAtMs - clock.monotonic()))) return { failure: 'Throttled' };
      try {
        const value = await request(TRY_TIMEOUTS_MS[attempt] ?? TRY_TIMEOUTS_MS[0]);
        this.#gate.taken();
        return { value };
      } catch (error) {
        const failure = failureOf(error);
        // Callers hang up at any time: a command that comes too late for that is nobody's failure.
        log[failure === 'CallEnded' ? 'info' : 'warn'](
          { step, attempt, failure, ...diagnosisOf(error) },
          'a carrier command failed',
        );
        if (failure === 'Throttled') {
          this.#options.metrics.carrierThrottled.inc({ step });
          this.#gate.refused(urgency, retryAfterMs(error, clock.now()));
          continue;
        }
        if (failure !== 'Unreachable') return { failure };
      }
      attempt += 1;
      if (attempt >= TRY_TIMEOUTS_MS.length) return { failure: 'Unreachable' };
      await clock.sleep(backoffMs(attempt - 1, { initialMs: 100, maxMs: 400 }));
    }
  }

  async #pass(urgency: Urgency, waitMs: number): Promise<boolean> {
    const { carrierWaiting } = this.#options.metrics;
    const passing = this.#gate.pass(urgency, waitMs);
    carrierWaiting.set(this.waiting);
    const passed = await passing;
    carrierWaiting.set(this.waiting);
    return passed;
  }
}

type Failure = Exclude<CarrierResult, 'Done'>;

/** What rings can wait for what talks, and a recording for everything that a caller waits for. */
function urgencyOf(command: CarrierCommand): Urgency {
  const { step } = command;
  if (step === 'record_start' && command.what.purpose === 'Call') return 'Question';
  return step === 'answer' || step === 'reject' ? 'New' : 'Live';
}
