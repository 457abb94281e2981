import type { Carrier, CarrierResult } from '#runtime/carrier/carrier.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import { type AskOptions, askCarrier, resultOf } from './ask-carrier.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord, Command } from './call-record.ts';
import { carrierCommandOf, type DialledLeg, dialCommandOf, endLegCommandOf } from './carrier-command.ts';
import { commandIDOf } from './command-id.ts';
import { isStrayLeg } from './consult.ts';
import { type PlaceOptions, placeStream } from './place-stream.ts';

/** A pod that takes so long to find a slot has stood still, and the call may be another's by now. */
const LATE_MS = 1_000;

export interface CommandRunnerOptions extends AskOptions, PlaceOptions {
  readonly store: Pick<CallStore, 'load'>;
  readonly carrier: Carrier;
}

/** Tells or asks the carrier what a call has stored as its next command, with all that belongs to it. For CallDriver. */
export class CommandRunner {
  readonly #options: CommandRunnerOptions;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
  }

  /** What came of it, as an event of the call; undefined: another pod has gone on with it. Throws what Redis throws. */
  async run(record: CallRecord, command: Command): Promise<CallEvent | undefined> {
    if (command.step === 'look_up') {
      const stopped = command.endStream ? await this.#stopStream(record, command.generation) : 'Done';
      // The agent hears two people talk until the carrier took that: it is told again before anything else.
      if (stopped === 'Throttled' || stopped === 'Unreachable')
        return resultOf(command, stopped, this.#options.clock.now());
      return askCarrier(record, command, this.#options);
    }
    if (command.step === 'dial') return this.#dial(record, command);
    const result = await this.#send(record, command);
    return result && resultOf(command, result, this.#options.clock.now());
  }

  /** Has the carrier record the call; undefined where it did not say anything that lasts. */
  async record(record: CallRecord): Promise<CallEvent<'recordingAsked'> | undefined> {
    const { carrier, log, clock, callTokenSecret: secret } = this.#options;
    // The same for all streams of the call, so that it is recorded once.
    const command: Command = { step: 'record_start', generation: 0, done: false };
    const context = { stream: undefined, clock, secret };
    const result = await carrier.send(carrierCommandOf(record, command, context));
    log.info({ callID: record.callID, step: command.step, result }, 'carrier command');
    if (result !== 'Done' && result !== 'Refused') return undefined;
    return { kind: 'recordingAsked', atMs: clock.now(), result };
  }

  async #dial(record: CallRecord, command: Command): Promise<CallEvent> {
    const { carrier, log, clock, callTokenSecret } = this.#options;
    const { result, legCallID } = await carrier.dial(dialCommandOf(record, command, callTokenSecret));
    log.info({ callID: record.callID, step: command.step, result }, 'carrier command');
    const event = resultOf(command, result, clock.now());
    return event.kind === 'commandDone' ? { ...event, legCallID } : event;
  }

  /**
   * Ends the leg that `event` tells of, where the call went another way while it was being dialled: its caller hung up,
   * say. `after`: the call as it is now; undefined: Redis has lost it, and its person may have the caller by now.
   */
  async endUnwantedLeg(record: CallRecord, event: CallEvent, after: CallRecord | undefined): Promise<void> {
    const { transfer } = record;
    const legCallID = event.kind === 'commandDone' ? event.legCallID : undefined;
    if (!transfer || !after || legCallID === undefined || !isStrayLeg(after, transfer.generation)) return;
    await this.#endLeg(record, { legCallID, generation: transfer.generation });
  }

  /** Undefined: another pod has gone on with the call, and nothing was sent. */
  async #send(record: CallRecord, command: Command): Promise<CarrierResult | undefined> {
    const { carrier, log, clock, callTokenSecret } = this.#options;
    const { step, generation } = command;
    const startedMs = clock.monotonic();
    const prepared =
      step === 'streaming_start' ? await placeStream(record, generation, this.#options) : undefined;
    if (step === 'streaming_start' && !prepared) {
      log.warn({ callID: record.callID }, 'no pod has a slot for a stream');
      return 'NoRoom';
    }
    const isLate = clock.monotonic() - startedMs > LATE_MS;
    if (isLate && !(await this.#isPresent(record, command))) return undefined;
    if (command.restart && (await this.#stopStream(record, generation)) === 'CallEnded') return 'CallEnded';
    const result = await carrier.send(
      carrierCommandOf(record, command, { stream: prepared, clock, secret: callTokenSecret }),
    );
    log.info({ callID: record.callID, step, generation, result }, 'carrier command');
    return result;
  }

  /** Whether the command is still the call's next one: the stop before it must not end a newer stream. */
  async #isPresent({ tenantID, callID }: CallRecord, { step, generation }: Command): Promise<boolean> {
    const { call } = await this.#options.store.load({ tenantID, callID });
    const present = call?.record.command;
    return present?.step === step && present.generation === generation;
  }

  /**
   * The carrier has one stream a call and may not have noticed the end of the last one. Whatever it
   * answers, the new stream is asked for: it is there, or that one is refused.
   */
  async #stopStream({ callID, carrierCallID }: CallRecord, generation: number): Promise<CarrierResult> {
    const step = 'streaming_stop';
    const result = await this.#options.carrier.send({
      step,
      carrierCallID,
      commandID: commandIDOf(callID, { step, generation }),
    });
    this.#options.log.info({ callID, step, generation, result }, 'carrier command');
    return result;
  }

  /**
   * Ends what is up of a transfer that failed. What the carrier does not take is told to it again, see
   * steps/leg-to-end.ts and keep/stuck-calls.ts. Throws what Redis throws.
   */
  async endFailedLegs(record: CallRecord): Promise<void> {
    const { transfer, command } = record;
    const { legBefore } = transfer ?? {};
    const before = legBefore && this.#endLeg(record, legBefore);
    if (command?.step !== 'transfer' && transfer?.legCallID !== undefined) await this.#endOwnLeg(record);
    await before;
  }

  async #endOwnLeg(record: CallRecord): Promise<void> {
    const { advancer, clock } = this.#options;
    const { transfer } = record;
    const { generation = 0, legCallID } = transfer ?? {};
    if (legCallID === undefined) return;
    const result = await this.#endLeg(record, { legCallID, generation });
    if (result !== 'Done' && result !== 'CallEnded') return;
    const event = { kind: 'commandDone', atMs: clock.now(), step: 'end_leg', generation } as const;
    await advancer.advance({ ref: record, eventID: `leg-ended/${generation}`, event });
  }

  async #endLeg({ callID }: CallRecord, leg: DialledLeg): Promise<CarrierResult> {
    const command = endLegCommandOf(callID, leg);
    const result = await this.#options.carrier.send(command);
    this.#options.log.info({ callID, step: command.step, leg: true, result }, 'carrier command');
    return result;
  }
}
