import { ALL_SHARDS } from '#crds/projection/shard.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import { rebuiltFrom } from '#runtime/keep/rebuilt-from.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord, Command, StoredCall } from './call-record.ts';
import { commandIDOf } from './command-id.ts';
import { CommandRunner, type CommandRunnerOptions } from './command-runner.ts';
import { retry } from './retry.ts';

/** Between two looks at the deadlines; a random half of it on top, so that pods do not look together. */
const POLL_MS = 500;
/**
 * How many calls this pod drives at once, those not counted that wait for the carrier's rate; what is over waits
 * for the next look, on any pod.
 */
const MAX_DRIVEN = 128;
/** Commands sent for one call without a pause: a bound, never reached by a table without a cycle. */
const MAX_STEPS = 8;
/** For so long the result of a command is offered to Redis: below the deadline that brings somebody back to it. */
const STORE_RESULT_FOR_MS = 4_000;
/** How long a stream waits for the end of a leg, of which the carrier's reply takes some 150 ms. */
const LEG_FIRST_MS = 500;

export interface CallDriverOptions extends CommandRunnerOptions {
  readonly store: CallStore;
  readonly runtime: string;
  /**
   * Called for a call that is settled, or that a person has, for this pod to let go of it; with the
   * generation of the last stream that is over.
   */
  readonly letGo: (callID: string, generation: number) => void;
  readonly metrics: RuntimeMetrics;
}

/**
 * Carries out stored commands and drives on what is overdue. Any pod does so for any call of its
 * runtime, in any state: a repeat has the same command_id, so pods may overlap without harm.
 */
export class CallDriver implements Service {
  readonly name = 'call driver';
  readonly #options: CallDriverOptions;
  readonly #runner: CommandRunner;
  readonly #driven = new Map<string, Promise<void>>();
  /** What is told to the carrier beside a call's command, by what it is: nothing waits for it. */
  readonly #beside = new Map<string, Promise<void>>();
  readonly #ending = new AbortController();
  #polling: Promise<void> | undefined;

  constructor(options: CallDriverOptions) {
    this.#options = options;
    this.#runner = new CommandRunner(options);
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
    while (this.#driven.size + this.#beside.size > 0) {
      await Promise.all([...this.#driven.values(), ...this.#beside.values()]);
    }
  }

  /**
   * Carries out what `call` has stored as its next command; resolves when that is done, or left to the
   * deadline. Never rejects.
   */
  drive(call: StoredCall): Promise<void> {
    const { callID } = call.record;
    const before = this.#driven.get(callID);
    if (!before && this.#isFull) {
      this.#options.metrics.notDriven.inc();
      return Promise.resolve();
    }
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

  get #isFull(): boolean {
    return this.#driven.size - this.#options.carrier.waiting >= MAX_DRIVEN;
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
      if (command.record) this.#startRecording(record);
      if (command.endLeg) await this.#endFailedLegs(record, command);
      const event = await this.#runner.run(record, command);
      if (!event) return undefined;
      const result = event.kind === 'commandFailed' ? event.failure : event.kind;
      const eventID = `command/${commandIDOf(record.callID, command)}/${record.deadlineAtMs}/${result}`;
      const rebuild = this.#rebuildAfter(record, event);
      const { call: after } = await retry(() => advancer.advance({ ref: record, eventID, event, rebuild }), {
        clock: this.#options.clock,
        forMs: STORE_RESULT_FOR_MS,
        signal: this.#ending.signal,
      });
      await this.#runner.endUnwantedLeg(record, event, after?.record);
      call = after && isNewWork(after.record, command) ? after : undefined;
    }
    return undefined;
  }

  /** An answered call that Redis lost meanwhile is known to nobody else, until one of its webhooks comes. */
  #rebuildAfter(record: CallRecord, { kind, atMs }: CallEvent): CallEvent<'rebuilt'> | undefined {
    const isAnswered = kind === 'commandDone' && record.command?.step === 'answer';
    return isAnswered ? rebuiltFrom(record, { ...record, atMs }) : undefined;
  }

  #startRecording(record: CallRecord): void {
    const { advancer, log } = this.#options;
    const { callID } = record;
    const ask = async () => {
      const event = await this.#runner.record(record);
      if (event) await advancer.advance({ ref: record, eventID: `recording/${event.result}`, event });
    };
    void this.#do(`record/${callID}`, () =>
      ask().catch((error: unknown) =>
        log.warn({ err: error, callID }, 'it is not stored that a call is recorded'),
      ),
    );
  }

  /** Before a stream is started, which waits for this no longer than nobody notices: the caller hears nothing meanwhile. */
  async #endFailedLegs(record: CallRecord, { step }: Command): Promise<void> {
    const { clock, log } = this.#options;
    const { callID } = record;
    const ended = this.#do(`end-leg/${callID}`, () =>
      this.#runner
        .endFailedLegs(record)
        .catch((error: unknown) => log.warn({ err: error, callID }, 'it is not stored that a leg was ended')),
    );
    if (step !== 'streaming_start') return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(LEG_FIRST_MS, resolve);
      void ended.finally(cancel).finally(resolve);
    });
  }

  /** Not twice at once: a command is repeated more often than that may take. */
  #do(what: string, work: () => Promise<void>): Promise<void> {
    const underWay = this.#beside.get(what);
    if (underWay) return underWay;
    const doing = work().finally(() => this.#beside.delete(what));
    this.#beside.set(what, doing);
    return doing;
  }

  async #letGo(record: CallRecord): Promise<void> {
    // Whatever was rebuilt of a call that Redis had lost: where it is settled, no stream of it is left.
    const generation = record.state === 'settled' ? Number.POSITIVE_INFINITY : record.generation;
    this.#options.letGo(record.callID, generation);
    if (record.pod !== undefined) await this.#options.slots.release(record.pod, record);
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
    for (const ref of overdue.flat().sort((a, b) => a.dueAtMs - b.dueAtMs)) {
      // Before its deadline is stored as passed: that uses up a try, and none would be made.
      if (this.#isFull) break;
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

/** Whether there is more to do than to wait for the deadline of the command just sent. */
function isNewWork(record: CallRecord, sent: Command): boolean {
  const { state, command } = record;
  if (state === 'settled' || (state === 'handed-over' && !command)) return true;
  return command !== undefined && (command.step !== sent.step || command.generation !== sent.generation);
}
