import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { ALL_SHARDS } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { Carrier, CarrierResult } from '#runtime/carrier/carrier.ts';
import { decodeClientState } from '#runtime/carrier/client-state.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import type { CallAdvancer } from './advance.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord, Command, StoredCall } from './call-record.ts';
import { carrierCommandOf } from './carrier-command.ts';
import { commandIDOf } from './command-id.ts';

/** Between two looks at the deadlines; a random half of it on top, so that pods do not look together. */
const POLL_MS = 500;
/** How many calls this pod drives at once; what is over waits for the next look, on any pod. */
const MAX_DRIVEN = 128;
/** Commands sent for one call without a pause: a bound, never reached by a table without a cycle. */
const MAX_STEPS = 8;
/** A pod that takes so long to find a slot has stood still, and the call may be another's by now. */
const LATE_MS = 1_000;

export interface CallDriverOptions {
  readonly store: CallStore;
  readonly advancer: CallAdvancer;
  readonly slots: PodSlots;
  readonly carrier: Carrier;
  readonly runtime: string;
  readonly callTokenSecret: string;
  /**
   * Called for a call that is settled, or that a person has, for this pod to let go of it; with the
   * generation of the last stream that is over.
   */
  readonly letGo: (callID: string, generation: number) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/**
 * Carries out stored commands and drives on what is overdue. Any pod does so for any call of its
 * runtime, in any state: a repeat has the same command_id, so pods may overlap without harm.
 */
export class CallDriver implements Service {
  readonly name = 'call driver';
  readonly #options: CallDriverOptions;
  readonly #driven = new Map<string, Promise<void>>();
  readonly #ending = new AbortController();
  #polling: Promise<void> | undefined;

  constructor(options: CallDriverOptions) {
    this.#options = options;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#polling = this.#poll().catch(fail);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#polling;
    await this.idle();
  }

  /** Resolves when no command of this pod is under way. */
  async idle(): Promise<void> {
    while (this.#driven.size > 0) await Promise.all(this.#driven.values());
  }

  /**
   * Carries out what `call` has stored as its next command; resolves when that is done, or left to the
   * deadline. Never rejects.
   */
  drive(call: StoredCall): Promise<void> {
    const { callID } = call.record;
    const before = this.#driven.get(callID);
    if (!before && this.#driven.size >= MAX_DRIVEN) return Promise.resolve();
    // What was under way may have carried it out already, so the call is read again after it.
    const driving = (before ? before.then(() => this.#reload(call)) : Promise.resolve(call))
      .then((present) => this.#carryOut(present))
      .catch((error: unknown) => {
        // Its deadline stays, so this or another pod comes back to it.
        this.#options.log.error({ err: error, callID }, 'a call could not be driven');
      })
      .finally(() => {
        if (this.#driven.get(callID) === driving) this.#driven.delete(callID);
      });
    this.#driven.set(callID, driving);
    return driving;
  }

  async #reload({ record }: StoredCall): Promise<StoredCall | undefined> {
    return (await this.#options.store.load(record)).call;
  }

  async #carryOut(first: StoredCall | undefined): Promise<void> {
    const { advancer } = this.#options;
    let call: StoredCall | undefined = first;
    for (let count = 0; call && count < MAX_STEPS; count += 1) {
      const record: CallRecord = call.record;
      const isNoAgents = record.state === 'settled' || record.state === 'handed-over';
      if (isNoAgents) await this.#letGo(record);
      if (record.state === 'settled') return undefined;
      const command: Command | undefined = record.command;
      if (!command || command.done) return undefined;
      const event =
        command.step === 'look_up' ? await this.#ask(record, command) : await this.#tell(record, command);
      if (!event) return undefined;
      const result = event.kind === 'commandFailed' ? event.failure : event.kind;
      const { call: after } = await advancer.advance({
        ref: record,
        eventID: `command/${commandIDOf(record.callID, command)}/${record.deadlineAtMs}/${result}`,
        event,
      });
      call = after && isNewWork(after.record, command) ? after : undefined;
    }
    return undefined;
  }

  async #letGo(record: CallRecord): Promise<void> {
    // Whatever was rebuilt of a call that Redis had lost: where it is settled, no stream of it is left.
    const generation = record.state === 'settled' ? Number.POSITIVE_INFINITY : record.generation;
    this.#options.letGo(record.callID, generation);
    if (record.pod !== undefined) await this.#options.slots.release(record.pod, record);
  }

  async #tell(record: CallRecord, command: Command) {
    const result = await this.#send(record, command);
    return result && resultOf(command, result, this.#options.clock.now());
  }

  async #ask(record: CallRecord, command: Command): Promise<CallEvent> {
    if (command.endStream) await this.#stopEarlierStream(record, command.generation);
    const ask = record.state === 'transferring' ? askAfterLeg : askAfterCall;
    return ask(record, command, this.#options);
  }

  /** Undefined: another pod has gone on with the call, and nothing was sent. */
  async #send(record: CallRecord, command: Command): Promise<CarrierResult | undefined> {
    const { carrier, log, clock, callTokenSecret } = this.#options;
    const { step, generation } = command;
    const startedMs = clock.monotonic();
    const prepared = step === 'streaming_start' ? await this.#prepareStream(record, generation) : undefined;
    if (step === 'streaming_start' && !prepared) {
      log.warn({ callID: record.callID }, 'no pod has a slot for a stream');
      return 'NoRoom';
    }
    const isLate = clock.monotonic() - startedMs > LATE_MS;
    if (isLate && !(await this.#isPresent(record, command))) return undefined;
    if (command.endLeg) await this.#endLeg(record);
    if (command.restart && (await this.#stopEarlierStream(record, generation)) === 'CallEnded')
      return 'CallEnded';
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
  async #stopEarlierStream(
    { callID, carrierCallID }: CallRecord,
    generation: number,
  ): Promise<CarrierResult> {
    const step = 'streaming_stop';
    const result = await this.#options.carrier.send({
      step,
      carrierCallID,
      commandID: commandIDOf(callID, { step, generation }),
    });
    this.#options.log.info({ callID, step, generation, result }, 'carrier command');
    return result;
  }

  /** Whatever it answers: a leg that bridges after all is told of, and one that rings on has its time-out. */
  async #endLeg({ callID, transfer }: CallRecord): Promise<void> {
    if (transfer?.legCallID === undefined) return;
    const step = 'hangup';
    const commandID = commandIDOf(callID, { step, generation: transfer.generation });
    const result = await this.#options.carrier.send({ step, carrierCallID: transfer.legCallID, commandID });
    this.#options.log.info({ callID, step, leg: true, result }, 'carrier command');
  }

  /**
   * The pod that the stream shall come to: the one with the call's slot, or another where that one
   * ends or has just lost the call's stream.
   */
  async #prepareStream(record: CallRecord, generation: number): Promise<PodHeartbeat | undefined> {
    const { slots } = this.#options;
    const present = record.pod === undefined ? undefined : await slots.pod(record.pod);
    const keep = async () =>
      present?.state === 'Serving' &&
      (await slots.reserveOn(present.pod, record, present.capacity ?? present.slots))
        ? present
        : undefined;
    const lostThere = present !== undefined && present.pod === record.lostPod;
    if (!lostThere) {
      const kept = await keep();
      if (kept) return kept;
    }
    return (await this.#placeElsewhere(record, generation)) ?? (lostThere ? keep() : undefined);
  }

  async #placeElsewhere(record: CallRecord, generation: number): Promise<PodHeartbeat | undefined> {
    const { slots, advancer, clock } = this.#options;
    const { pod } = await slots.reserve(record, { urgent: true, except: record.pod });
    if (!pod) return undefined;
    if (record.pod !== undefined) await slots.release(record.pod, record);
    await advancer.advance({
      ref: record,
      eventID: `placed/${generation}/${record.attempts}/${pod.pod}`,
      event: { kind: 'placed', atMs: clock.now(), pod: pod.pod },
    });
    return pod;
  }

  async #poll(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await clock.sleep(POLL_MS * (1 + Math.random() / 2), signal);
        await this.driveOverdue();
      } catch (error) {
        if (isAbort(error)) return;
        log.warn({ err: error }, 'the deadlines could not be read');
      }
    }
  }

  /** One look at the deadlines of all shards that Redis can be asked for. */
  async driveOverdue(): Promise<void> {
    const { store, runtime, log } = this.#options;
    const overdue = await Promise.all(
      ALL_SHARDS.map((shard) =>
        store.overdue(shard, runtime).catch((error: unknown) => {
          log.debug({ err: error, shard }, 'the deadlines of a shard could not be read');
          return [];
        }),
      ),
    );
    for (const ref of overdue.flat().slice(0, MAX_DRIVEN)) {
      if (this.#driven.has(ref.callID)) continue;
      await this.#driveOn(ref).catch((error: unknown) => {
        log.error({ err: error, callID: ref.callID }, 'an overdue call could not be driven');
      });
    }
  }

  async #driveOn(ref: CallRef): Promise<void> {
    const { store, advancer, clock, metrics, runtime } = this.#options;
    const { call: before } = await store.load(ref);
    if (!before) return store.dropDue(ref, runtime);
    const { state, deadlineAtMs, attempts } = before.record;
    const { call, outcome } = await advancer.advance({
      ref,
      eventID: `due/${deadlineAtMs}/${attempts}`,
      event: { kind: 'due', atMs: clock.now() },
    });
    if (outcome === 'Stored') metrics.overdue.inc({ state });
    if (call) void this.drive(call);
    return undefined;
  }
}

function resultOf({ step, generation }: Command, result: CarrierResult, atMs: number): CallEvent {
  const about = { atMs, step, generation } as const;
  return result === 'Done'
    ? { kind: 'commandDone', ...about }
    : { kind: 'commandFailed', ...about, failure: result };
}

type Asking = Pick<CallDriverOptions, 'carrier' | 'callTokenSecret' | 'clock' | 'log'>;

/**
 * Whether the leg lives that was dialled for a transfer. One that no webhook has named yet is looked for
 * among all that are open.
 */
async function askAfterLeg(record: CallRecord, command: Command, asking: Asking): Promise<CallEvent> {
  const { carrier, clock, log, callTokenSecret } = asking;
  const { callID, transfer } = record;
  const isOfTransfer = (clientState: string | undefined) => {
    const state = decodeClientState(clientState, callTokenSecret);
    return state?.leg && state.callID === callID && state.generation === transfer?.generation;
  };
  const found = async () => {
    if (transfer?.legCallID !== undefined) return (await carrier.lookUp(transfer.legCallID)).status;
    const open = await carrier.activeCalls();
    if (!open) return 'Unreachable';
    return open.some(({ clientState }) => isOfTransfer(clientState)) ? 'Live' : 'Unknown';
  };
  const status = await found();
  log.info({ callID, leg: true, status }, 'the carrier was asked after a call');
  const results = {
    Live: 'Done',
    Ended: 'CallEnded',
    Unknown: 'CallEnded',
    Unreachable: 'Unreachable',
  } as const;
  return resultOf(command, results[status], clock.now());
}

/** What the carrier knows of a call, as an event of it. */
async function askAfterCall(
  record: CallRecord,
  command: Command,
  { carrier, clock, log }: Asking,
): Promise<CallEvent> {
  const found = await carrier.lookUp(record.carrierCallID);
  const atMs = clock.now();
  log.info({ callID: record.callID, status: found.status }, 'the carrier was asked after a call');
  if (found.status === 'Live') return resultOf(command, 'Done', atMs);
  if (found.status === 'Unreachable') return resultOf(command, 'Unreachable', atMs);
  const endedAtMs = found.status === 'Ended' ? found.endedAtMs : undefined;
  // Of a call that we were ending anyway, we know until when it is billed where the carrier does not.
  if (endedAtMs === undefined && record.state === 'ending') return resultOf(command, 'CallEnded', atMs);
  const occurredAtMs = endedAtMs ?? atMs;
  return { kind: 'hungUp', atMs, identity: record, occurredAtMs, cause: undefined, byCaller: false };
}

/** Whether there is more to do than to wait for the deadline of the command just sent. */
function isNewWork(record: CallRecord, sent: Command): boolean {
  const { state, command } = record;
  if (state === 'settled' || (state === 'handed-over' && !command)) return true;
  return command !== undefined && (command.step !== sent.step || command.generation !== sent.generation);
}
