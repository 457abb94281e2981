import { monitorEventLoopDelay } from 'node:perf_hooks';
import { waitUntil } from '#hack/local/wait-until.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import { callerOf } from './caller-of.ts';
import { type Evidence, gatherEvidence, harmsRedis, type Span } from './evidence.ts';
import { AFTER_REDIS_MS, Harms, UNTHROTTLED } from './harms.ts';
import { type Counted, countedCalls, heldInRedis } from './redis-state.ts';
import type { CallPlan, Schedule } from './schedule.ts';
import { PERSON, STORM_TENANTS } from './tenants.ts';
import type { StormWorld } from './world.ts';

const LOOK_MS = 50;
/** A pod may have been busy for so long before it was asked: two seconds until it says so, and one between questions. */
const BUSY_FOR_MS = 3_000;
/** So long a caller lets it ring. */
export const RING_TIMEOUT_MS = 30_000;
/** Faults that wait at the carrier for what they strike do so for as long as a conversation takes. */
const ARMED_MS = 9_000;
/**
 * So long after the last fault callers wait to be led to the end of the conversation: above what it takes to give up
 * a transfer whose news is lost, and to take a message then.
 */
const PATIENCE_MS = 75_000;
/**
 * Above what the books of a call take whose hang-up nobody reported (three tries of a stream, and the wait for
 * the hang-up), and below the time after which a slot expires by itself.
 */
const SETTLE_MS = 50_000;
/**
 * The same where webhooks were lost: a call that a person has is then found to be over by the next comparison with the
 * carrier, a minute later at most. It has no slot.
 */
const SETTLE_UNTOLD_MS = 80_000;
const ALWAYS = 1_000_000;
/** So soon that nobody wonders at the quiet, and for a short word. */
const ANSWERS = { kind: 'answers', afterMs: 300, talksMs: 1_500, presses: '1', pressesAfterMs: 300 } as const;
const PERSONS = { answers: ANSWERS, busy: { kind: 'busy' }, declines: { ...ANSWERS, presses: '2' } } as const;

/** Lets one schedule happen in a world; `run` tells what became of its calls. */
export class Storm {
  readonly #world: StormWorld;
  readonly #schedule: Schedule;
  readonly #harms: Harms;
  /** The carrier's ids of the calls, in the order in which they were placed. */
  readonly #legs: string[] = [];
  /** Those whose callers lost patience. */
  readonly #impatient: string[] = [];
  readonly #outages: Span[] = [];
  #outageFromMs: number | undefined;
  /** From when on every pod and Redis served. */
  #calmAtMs = 0;

  constructor(world: StormWorld, schedule: Schedule) {
    this.#world = world;
    this.#schedule = schedule;
    this.#harms = new Harms(world);
  }

  async run(): Promise<Evidence> {
    const countedBefore = await this.#prepare();
    const watch = new Loop({ clock: systemClock, step: () => this.#look() });
    watch.start((error) => {
      throw error;
    });
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    try {
      await this.#happen();
      await waitUntil(() => this.#open().length === 0, ARMED_MS);
      await this.#calm();
      await this.#untilOver();
    } finally {
      await watch.stop();
      delay.disable();
    }
    return gatherEvidence(this.#world, {
      schedule: this.#schedule,
      legs: this.#legs,
      impatient: this.#impatient,
      outages: this.#outages,
      shortages: this.#harms.shortages,
      stalledMs: delay.max / 1e6,
      confirmed: this.#harms.confirmed,
      countedBefore,
    });
  }

  async #prepare(): Promise<ReadonlyMap<string, Counted>> {
    const { carrier, redis, ledger, seats } = this.#world;
    const { person } = this.#schedule;
    const { control } = carrier;
    control.useProfile(this.#schedule.carrier);
    control.change({ ringTimeoutMs: RING_TIMEOUT_MS, requestsPerSecond: UNTHROTTLED });
    this.#endFaults();
    control.setDestination(PERSON, PERSONS[person]);
    ledger.forget();
    for (const seat of seats) seat.ends.length = 0;
    const counted = await countedCalls(redis);
    await this.#world.project(counted);
    return counted;
  }

  /** All calls and faults at their times; settles when the last fault is over, as none may strike a world that is closed. */
  async #happen(): Promise<void> {
    const { calls, faults } = this.#schedule;
    const moments = [
      ...calls.map((plan) => ({ atMs: plan.atMs, happen: () => this.#call(plan) })),
      ...faults.map((fault) => ({ atMs: fault.atMs, happen: () => this.#harms.do(fault) })),
    ].sort((a, b) => a.atMs - b.atMs);
    const startMs = systemClock.monotonic();
    const outcomes = await Promise.allSettled(
      moments.map(async ({ atMs, happen }) => {
        const waitMs = startMs + atMs - systemClock.monotonic();
        if (waitMs > 0) await systemClock.sleep(waitMs);
        await happen();
      }),
    );
    const failure = outcomes.find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }

  async #call({ tenant, script, digitsAtMs }: CallPlan): Promise<void> {
    const { control } = this.#world.carrier;
    const to = STORM_TENANTS[tenant % STORM_TENANTS.length]?.number ?? '';
    const from = `+1312${5_550_000 + this.#legs.length}`;
    const { id } = control.placeCall({ from, to, caller: callerOf(script) });
    this.#legs.push(id);
    const isUp = () => control.call(id).state !== 'ended';
    const later = async (ms: number, act: () => void) => {
      await systemClock.sleep(ms);
      if (isUp()) act();
    };
    await Promise.all([
      ...digitsAtMs.map((atMs) => later(atMs, () => control.press(id, '5'))),
      ...('afterMs' in script ? [later(script.afterMs, () => control.callerHangsUp(id))] : []),
    ]);
  }

  /** Ends all faults that have not struck, and waits until every pod and Redis serve. */
  async #calm(): Promise<void> {
    const { seats } = this.#world;
    this.#endFaults();
    for (const seat of seats) {
      seat.thaw();
      seat.link.mend();
    }
    await this.#world.untilReady();
    this.#calmAtMs = Date.now();
  }

  /** What is left then is how the schedule's carrier sends its webhooks, to the last one. */
  #endFaults(): void {
    const { faults } = this.#world.carrier.control;
    const { copies, jitterMs } = this.#schedule.webhooks;
    faults.clear();
    if (copies === 1) return;
    const fault = { kind: 'duplicate', times: copies, jitterMs } as const;
    faults.add({ at: 'webhook *', fault, count: ALWAYS });
  }

  /** Callers are led to the end, or hang up at last; then the books are closed. */
  async #untilOver(): Promise<void> {
    await waitUntil(() => this.#open().length === 0, PATIENCE_MS);
    for (const id of this.#open()) {
      this.#impatient.push(id);
      this.#world.carrier.control.callerHangsUp(id);
    }
    const isUntold = this.#schedule.faults.some((fault) => fault.do === 'LoseWebhooks');
    await waitUntil(() => this.#isQuiet(), isUntold ? SETTLE_UNTOLD_MS : SETTLE_MS);
  }

  /** The calls that are not over at the carrier. */
  #open(): string[] {
    const { control } = this.#world.carrier;
    return this.#legs.filter((id) => control.call(id).state !== 'ended');
  }

  async #isQuiet(): Promise<boolean> {
    const { redis, ledger, carrier } = this.#world;
    if (carrier.control.webhooksUnderWay > 0) return false;
    // Until the pods have looked, what Redis lost seems to be over: it would come back in the next schedule.
    if (harmsRedis({ schedule: this.#schedule }) && Date.now() < this.#calmAtMs + AFTER_REDIS_MS)
      return false;
    await ledger.refresh();
    const ids = (kind: string) =>
      new Set(ledger.entries.flatMap(({ event }) => (event.kind === kind ? event.callID : [])));
    if (ids('started').size > ids('ended').size) return false;
    return (await heldInRedis(redis)).length === 0 && (await this.#world.callsHeld()) === 0;
  }

  /** Notes the times in which no pod was there to serve: then nobody is to blame for silence; and those of busy pods. */
  async #look(): Promise<number> {
    if (this.#world.seats.some((seat) => seat.busy)) {
      const fromMs = Date.now() - BUSY_FOR_MS;
      this.#harms.shortages.Pods.push({ fromMs, toMs: Date.now() + LOOK_MS });
    }
    const serves = this.#world.seats.some((seat) => seat.serves);
    const nowMs = Date.now();
    if (!serves) this.#outageFromMs ??= nowMs - LOOK_MS;
    else if (this.#outageFromMs !== undefined) {
      this.#outages.push({ fromMs: this.#outageFromMs, toMs: nowMs });
      this.#outageFromMs = undefined;
    }
    return LOOK_MS;
  }
}
