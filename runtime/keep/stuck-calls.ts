import { ALL_SHARDS } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import type { CallAdvancer } from '#runtime/call/advance.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { CallRecord, StoredCall } from '#runtime/call/call-record.ts';
import { commandIDOf } from '#runtime/call/command-id.ts';
import { isStrayLeg } from '#runtime/call/consult.ts';
import type { ActiveCall, Carrier, CarrierResult } from '#runtime/carrier/carrier.ts';
import { type ClientState, decodeClientState } from '#runtime/carrier/client-state.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { rebuiltFrom } from './rebuilt-from.ts';
import { giveBackSweepTurn, takeSweepTurn } from './sweep-turn.ts';

/** Between two sweeps of a runtime, whichever pods make them. */
const PERIOD_MS = 60_000;
/** One that is asked for, at a start or after Redis was away, waits so long after the last. */
const HASTY_MS = 10_000;
/** Between two attempts of a pod to get its turn. */
const TURN_MS = 5_000;
/** What seems stuck is looked at again after this: webhooks and pods may be on their way to it. */
const SECOND_LOOK_MS = 3_000;
/** For so long after its end a call may still be reported as open, and its hang-up may be on its way. */
const AFTER_END_MS = 20_000;
/** How many questions about single calls a sweep asks; the next sweep asks the rest. */
const MAX_QUESTIONS = 200;

export interface StuckCallsOptions {
  readonly redis: Redis;
  readonly pod: string;
  readonly runtime: string;
  readonly maxDurationMs: number;
  readonly callTokenSecret: string;
  readonly store: CallStore;
  readonly advancer: CallAdvancer;
  readonly carrier: Carrier;
  /** Carries out what was stored for a call. */
  readonly drive: (call: StoredCall) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/** A leg that is open at the carrier, and what our signed state says of it. */
interface OpenLeg extends ActiveCall {
  readonly state: ClientState;
}

/**
 * Compares what is open at the carrier with what is recorded, a pod at a time: at its start, after
 * Redis was away, and once a minute. A call that is open and unknown is taken up again; one that is
 * open and settled is hung up, as is the leg of a person who does not get the caller any more; one that is recorded as
 * live and is over is settled at its end.
 */
export class StuckCalls implements Service {
  readonly name = 'stuck calls';
  readonly #options: StuckCallsOptions;
  readonly #loop: Loop;
  #isHasty = true;

  constructor(options: StuckCallsOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#sweepInTurn(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Asks for a sweep soon: Redis may have missed something. */
  hurry(): void {
    this.#isHasty = true;
  }

  async #sweepInTurn(signal: AbortSignal): Promise<number> {
    const { redis, pod, runtime, log } = this.#options;
    const key = storeKeys.sweep(runtime);
    const minAgeMs = this.#isHasty ? HASTY_MS : PERIOD_MS;
    try {
      if (await takeSweepTurn(redis, { key, pod, periodMs: PERIOD_MS, minAgeMs })) {
        this.#isHasty = !(await this.sweep(signal));
        if (this.#isHasty) await giveBackSweepTurn(redis, key);
      }
    } catch (error) {
      if (!isAbort(error)) log.warn({ err: error }, 'the calls at the carrier could not be compared');
    }
    return TURN_MS;
  }

  /** One comparison. False where the carrier could not be asked yet. Throws what Redis throws. */
  async sweep(signal?: AbortSignal): Promise<boolean> {
    const { carrier, callTokenSecret, clock } = this.#options;
    const active = await carrier.activeCalls();
    if (!active) return false;
    const legs = active.flatMap((leg): OpenLeg[] => {
      const state = decodeClientState(leg.clientState, callTokenSecret);
      return state ? [{ ...leg, state }] : [];
    });
    const withPerson = withPersonOf(legs);
    const open = new Set(active.map(({ carrierCallID }) => callIDOf(carrierCallID)));
    const suspects = await this.#unexplained(legs, withPerson);
    const dead = await this.#recordedButNot(open);
    if (suspects.length + dead.length === 0) return true;
    await clock.sleep(SECOND_LOOK_MS, signal);
    const stuck = await this.#unexplained(suspects, withPerson);
    const work = [
      ...stuck.map((leg) => () => this.#resolve(leg)),
      ...dead.map((record) => () => this.#settleDead(record, signal)),
    ];
    for (const step of work.slice(0, MAX_QUESTIONS)) {
      signal?.throwIfAborted();
      await step();
    }
    return true;
  }

  /**
   * The legs that no record explains. A call without one is left alone while a person has it: its
   * hang-up settles it. A person who was asked and does not have the caller is on a leg that nobody else ends.
   */
  async #unexplained(legs: readonly OpenLeg[], withPerson: ReadonlySet<string>): Promise<readonly OpenLeg[]> {
    const { store, clock } = this.#options;
    const found = await Promise.all(
      legs.map(async (leg) => {
        const { call } = await store.load(leg.state);
        if (call && isOver(call.record, clock.now())) return [leg];
        if (call && isOfEarlier(leg, call.record)) return [leg];
        const isExplained = withPerson.has(leg.state.callID) || (call && !isStray(leg, call.record));
        return isExplained ? [] : [leg];
      }),
    );
    return found.flat();
  }

  /** The calls of this runtime that are recorded as live and are not open at the carrier. */
  async #recordedButNot(open: ReadonlySet<string>): Promise<readonly CallRecord[]> {
    const { store, runtime } = this.#options;
    const refs = (await Promise.all(ALL_SHARDS.map((shard) => store.recorded(shard, runtime)))).flat();
    const loaded = await Promise.all(
      refs.filter(({ callID }) => !open.has(callID)).map((ref) => store.load(ref)),
    );
    return loaded.flatMap(({ call }) => (call && call.record.state !== 'settled' ? call.record : []));
  }

  async #resolve(leg: OpenLeg): Promise<void> {
    const { carrier, store } = this.#options;
    const found = await carrier.lookUp(leg.carrierCallID);
    const { call } = await store.load(leg.state);
    // What we dialled is no call that could be taken up.
    if (found.status === 'Live' && (call || leg.state.leg)) await this.#hangUp(leg);
    else if (found.status === 'Live') await this.#adopt(leg);
  }

  /** Nobody is there to end it but us; of a call that was settled, its hang-up corrects the bill, if it is told. */
  async #hangUp({ carrierCallID, state: { callID } }: OpenLeg): Promise<void> {
    const { carrier, clock } = this.#options;
    const step = 'hangup';
    const commandID = commandIDOf(callID, { step, generation: clock.now() * 1_000 });
    const result = await carrier.send({ step, carrierCallID, commandID });
    this.#note('HungUp', callID, result);
  }

  /** As it was by our signed word; its deadline then has the stream started again, or the call ended. */
  async #adopt({ carrierCallID, state }: OpenLeg): Promise<void> {
    const { advancer, clock, runtime, maxDurationMs } = this.#options;
    const atMs = clock.now();
    const context = { carrierCallID, from: '', to: '', runtime, maxDurationMs, atMs };
    const rebuild = rebuiltFrom(state, context);
    if (!rebuild) return;
    await advancer.advance({ ref: state, eventID: `adopted/${atMs}`, event: { kind: 'due', atMs }, rebuild });
    this.#note('Adopted', state.callID);
  }

  async #settleDead(record: CallRecord, signal?: AbortSignal): Promise<void> {
    const { carrier, advancer, clock, drive } = this.#options;
    const found = await carrier.lookUp(record.carrierCallID);
    if (found.status === 'Unknown') return this.#endUnknown(record, signal);
    const atMs = clock.now();
    if (found.status !== 'Ended' || found.endedAtMs === undefined) return undefined;
    if (found.endedAtMs > atMs - AFTER_END_MS) return undefined;
    const { outcome, call } = await advancer.advance({
      ref: record,
      eventID: `found-ended/${found.endedAtMs}`,
      event: {
        kind: 'hungUp',
        atMs,
        identity: record,
        occurredAtMs: found.endedAtMs,
        cause: undefined,
        byCaller: false,
      },
    });
    if (outcome !== 'Stored' || !call) return undefined;
    drive(call);
    this.#note('Settled', record.callID);
    return undefined;
  }

  /** Neither open nor remembered as ended, at two questions: what is left is to close its books. */
  async #endUnknown(record: CallRecord, signal?: AbortSignal): Promise<void> {
    const { carrier, advancer, clock } = this.#options;
    await clock.sleep(SECOND_LOOK_MS, signal);
    if ((await carrier.lookUp(record.carrierCallID)).status !== 'Unknown') return;
    const { generation, state, attempts } = record;
    const { outcome } = await advancer.advance({
      ref: record,
      eventID: `gone/${state}/${generation}/${attempts}`,
      event: { kind: 'gone', atMs: clock.now() },
    });
    if (outcome === 'Stored') this.#note('Gone', record.callID);
  }

  #note(outcome: 'HungUp' | 'Adopted' | 'Settled' | 'Gone', callID: string, result?: CarrierResult): void {
    const { metrics, log } = this.#options;
    metrics.stuckCalls.inc({ outcome });
    log.warn({ outcome, callID, result }, 'a call was not at the carrier as it was recorded');
  }
}

function isOver({ state, hungUpAtMs, endingAtMs }: CallRecord, nowMs: number): boolean {
  return state === 'settled' && (hungUpAtMs ?? endingAtMs ?? 0) < nowMs - AFTER_END_MS;
}

/**
 * The calls that a person has, by what is open. A leg that was dialled for a transfer is connected by the carrier as soon
 * as it is answered; one whose person is asked first, when it is told so: from then on the caller's leg says it.
 */
function withPersonOf(legs: readonly OpenLeg[]): ReadonlySet<string> {
  const bridged = new Set(legs.flatMap(({ state }) => (state.bridged ? state.callID : [])));
  return new Set(
    legs.flatMap(({ state: { leg, asked, callID } }) =>
      leg && (!asked || bridged.has(callID)) ? callID : [],
    ),
  );
}

function isStray({ state: { asked, generation = 0 } }: OpenLeg, record: CallRecord): boolean {
  return asked === true && isStrayLeg(record, generation);
}

/** Its person was given up before another one had the caller, who is not to be taken from that one. */
function isOfEarlier({ state: { asked, generation = 0 } }: OpenLeg, { transfer }: CallRecord): boolean {
  return asked === true && transfer !== undefined && generation < transfer.generation;
}
