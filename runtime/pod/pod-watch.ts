import { HEARTBEAT_PERIOD_MS } from '#crds/projection/pod-heartbeat.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { RedisWatch } from '#runtime/admission/redis-watch.ts';
import type { CallAdvancer } from '#runtime/call/advance.ts';
import { type CallRecord, type CallState, holdsSlot, owesCommand } from '#runtime/call/call-record.ts';
import type { CallDriver } from '#runtime/call/driver.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import { askPod, type HeldCalls } from './held-calls.ts';
import type { PodRegistry, SilentPod } from './pod-registry.ts';

/** Between two looks at the heartbeats; a random half of it on top, so that pods do not look together. */
const LOOK_MS = 300;
/** Between two looks at whether this pod holds what its slots say. */
const OWN_LOOK_MS = 5_000;
/** An answer of Redis that took longer tells of a time before others could beat. */
const LATE_MS = 500;
/** Those in which a call has a slot. */
const SLOT_STATES: readonly CallState[] = [
  'answering',
  'attaching',
  'talking',
  'consulting',
  'transferring',
  'ending',
];
/** Calls of one pod that are worked on at once. */
const BATCH = 32;

export interface PodWatchOptions {
  readonly pod: string;
  readonly registry: Pick<PodRegistry, 'silent' | 'claim' | 'keep' | 'forget'>;
  readonly slots: Pick<PodSlots, 'callsOn' | 'release'>;
  readonly store: Pick<CallStore, 'load'>;
  readonly advancer: Pick<CallAdvancer, 'advance'>;
  readonly driver: Pick<CallDriver, 'drive'>;
  readonly redisWatch: Pick<RedisWatch, 'presentForMs'>;
  /** The calls that this pod holds, those that are on their way to it included. */
  readonly held: () => HeldCalls;
  readonly callTokenSecret: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Pick<RuntimeMetrics, 'callsByState'>;
}

/**
 * Finds calls whose pod is gone, where the carrier tells nobody: a pod that misses its heartbeats is
 * asked directly, by one other pod at a time, and what it does not hold is attached again elsewhere.
 * The same for this pod's own calls of before a restart, every 5 s. Costs one look at the late heartbeats,
 * however many calls there are, and records are read only of calls that may be lost.
 */
export class PodWatch implements Service {
  readonly name = 'pod watch';
  readonly #options: PodWatchOptions;
  readonly #loop: Loop;
  #ownLookAtMs = Number.NEGATIVE_INFINITY;
  /** The calls with a slot here that, at the last own look, had no use for it. */
  #idle: ReadonlySet<string> = new Set();

  constructor(options: PodWatchOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: () => this.#step() });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #step(): Promise<number> {
    try {
      await this.look();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the other pods could not be looked at');
    }
    return LOOK_MS * (1 + Math.random() / 2);
  }

  /** One look. Throws what Redis throws. */
  async look(): Promise<void> {
    const { redisWatch, registry, pod, clock } = this.#options;
    // Where Redis was away, nobody could beat: each has had the time for it first.
    if (redisWatch.presentForMs < HEARTBEAT_PERIOD_MS) return;
    await this.#lookAtOwn();
    const startedMs = clock.monotonic();
    const silent = await registry.silent();
    if (clock.monotonic() - startedMs > LATE_MS) return;
    const others = silent.filter(({ name }) => name !== pod);
    await Promise.all(
      others.map(async (other) => {
        if (await registry.claim(other.name)) await this.#lookAfter(other);
      }),
    );
  }

  async #lookAtOwn(): Promise<void> {
    const { pod, held, clock, log } = this.#options;
    if (clock.monotonic() - this.#ownLookAtMs < OWN_LOOK_MS) return;
    this.#ownLookAtMs = clock.monotonic();
    const before = held();
    const { records, missing } = await this.#recordsOn(pod, ({ callID }) => !before.has(callID));
    const entitled = records.filter((record) => holdsSlot(record) && record.pod === pod);
    this.#showStates(entitled, before.size);
    await this.#freeIdle([...missing, ...records.filter((record) => !entitled.includes(record))]);
    // What is held is asked for after the records were read: a call that comes meanwhile is in both or neither.
    const holding = held();
    const lost = records.filter((record) => isOf(record, pod) && !isHeld(record, holding));
    if (lost.length === 0) return;
    log.warn({ calls: lost.length }, 'this pod has lost calls that it is said to hold');
    await inBatches(lost, (record) => this.#takeOver(record, pod));
  }

  /** Whoever is held here is talked to; the others are on their way, or at their end. */
  #showStates(others: readonly CallRecord[], held: number): void {
    for (const state of SLOT_STATES) {
      const count = others.filter((record) => record.state === state).length;
      this.#options.metrics.callsByState.set({ state }, state === 'talking' ? held + count : count);
    }
  }

  /**
   * Gives back the slots of this pod that nobody gave back: who settled the call died, say. A call that is on
   * its way here has one a moment before that is stored, so only what was so at two looks is taken for forgotten.
   */
  async #freeIdle(idle: readonly CallRef[]): Promise<void> {
    const { pod, slots } = this.#options;
    const before = this.#idle;
    this.#idle = new Set(idle.map(({ callID }) => callID));
    await inBatches(
      idle.filter(({ callID }) => before.has(callID)),
      (ref) => slots.release(pod, ref),
    );
  }

  async #lookAfter({ name, last }: SilentPod): Promise<void> {
    const { registry, slots, log } = this.#options;
    const { records, count } = await this.#recordsOn(name);
    const answer = await this.#ask(last);
    if (answer === 'Unaskable') return;
    if (answer) await registry.keep(name);
    const lost = records.filter((record) => isOf(record, name) && !(answer && isHeld(record, answer)));
    if (lost.length > 0) {
      log.warn(
        { silent: name, answers: answer !== undefined, calls: lost.length },
        'a pod has lost its calls',
      );
    }
    await inBatches(lost, (record) => this.#takeOver(record, name));
    if (answer) return;
    // Calls that went elsewhere, or ended, while nobody could tell it.
    const others = records.filter((record) => record.state === 'settled' || record.pod !== name);
    await inBatches(others, (record) => slots.release(name, record));
    if (count === others.length) await registry.forget(name);
  }

  /** Undefined: nobody is there. One that never said where it can be asked is believed to be. */
  async #ask(last: SilentPod['last']): Promise<HeldCalls | 'Unaskable' | undefined> {
    if (!last) return undefined;
    const { pod, address } = last;
    return address === undefined ? 'Unaskable' : (await askPod({ pod, address }, this.#options))?.calls;
  }

  /** The calls that have a slot of the pod, of those that are `wanted`. */
  async #recordsOn(
    pod: string,
    wanted: (ref: CallRef) => boolean = () => true,
  ): Promise<{ records: readonly CallRecord[]; missing: readonly CallRef[]; count: number }> {
    const { slots, store, log } = this.#options;
    const refs = (await slots.callsOn(pod)).filter(wanted);
    const records: CallRecord[] = [];
    const missing: CallRef[] = [];
    await inBatches(refs, async (ref) => {
      try {
        const { call } = await store.load(ref);
        // None: its slot is reserved, and it is about to be stored, or was lost on the way.
        if (call) records.push(call.record);
        else missing.push(ref);
      } catch (error) {
        // Its shard is away, say: no other call waits for it, and the pod is not forgotten while it counts.
        log.warn({ err: error, callID: ref.callID }, 'a call of a pod could not be read');
      }
    });
    return { records, missing, count: refs.length };
  }

  /** Never rejects: one call that cannot be taken over now keeps no other from it. */
  async #takeOver(record: CallRecord, pod: string): Promise<void> {
    const { advancer, driver, clock, log } = this.#options;
    const { generation, callID } = record;
    try {
      const { outcome, call } = await advancer.advance({
        ref: record,
        eventID: `owner-lost/${generation}`,
        event: { kind: 'ownerLost', atMs: clock.now(), generation, pod },
      });
      if (!call || (outcome !== 'Stored' && !owesCommand(call))) return;
      log.info({ callID, lostAt: pod }, 'a call is taken over');
      // Its commands may take seconds, for which no other caller waits.
      void driver.drive(call);
    } catch (error) {
      log.warn({ err: error, callID, lostAt: pod }, 'a call could not be taken over yet');
    }
  }
}

/** Whether `pod` is where the call's media is, or is awaited. */
function isOf({ state, pod: owner }: CallRecord, pod: string): boolean {
  return owner === pod && (hasStream(state) || state === 'attaching');
}

function isHeld({ callID, generation, state }: CallRecord, held: HeldCalls): boolean {
  return !hasStream(state) || held.get(callID) === generation;
}

function hasStream(state: CallState): boolean {
  return state === 'talking' || state === 'consulting';
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += BATCH) {
    await Promise.all(items.slice(start, start + BATCH).map(work));
  }
}
