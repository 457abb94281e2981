import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { CallAdvancer } from '#runtime/call/advance.ts';
import { beginTransfer } from '#runtime/call/begin-transfer.ts';
import type { CallRecord } from '#runtime/call/call-record.ts';
import { MIN_HANDED_OVER_SECONDS } from '#runtime/call/deadlines.ts';
import { dayOf } from '#runtime/call/settlement.ts';
import { RecentCalls } from '#runtime/keep/recent-calls.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { at, bridged, hungUp, legAnswered, run, talking } from '#runtime/testing/call-life.ts';
import { profileInTest } from '#runtime/workflow/fakes/profile-in-test.ts';
import { CallStore } from './call-store.ts';
import { storeKeys } from './store-keys.ts';

const SALES = { name: 'sales', number: '+15550100777' };
/** On the day of the calls of `call-life`. */
const clock = new FakeClock(at(10));
const DAY = dayOf(at(10));

let server: TestRedis;
let redis: Redis;
let store: CallStore;
let advancer: CallAdvancer;
beforeAll(async () => {
  server = await startTestRedis();
  redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger, commandTimeoutMs: 30_000 });
  const metrics = createRuntimeMetrics(createRegistry('test'));
  const tail = new LedgerTail(metrics);
  store = new CallStore({ redis, clock, tail, recent: new RecentCalls(), log: silentLogger });
  advancer = new CallAdvancer(store, metrics);
});
afterAll(async () => {
  await disconnectRedis(redis);
  await server.stop();
});

/** One tenant with so many minutes a day, and its calls. */
class Line {
  readonly tenantID = randomUUID();
  /** By call id, what calls may still take. */
  readonly held = new Map<string, number>();
  readonly #minutes: number;
  used = 0;

  constructor(minutes: number) {
    this.#minutes = minutes;
  }

  /** As when the shard is older than this day, or of this day. */
  async mark(isOfToday: boolean): Promise<void> {
    const markedMs = at(0) - (isOfToday ? 0 : 86_400_000);
    await redis.set(storeKeys.mark(shardOf(this.tenantID)), `${markedMs}/id`);
  }

  /** The agents of so many calls at once hand their callers over. */
  async begin(calls: number): Promise<void> {
    const left = this.left;
    const begun = await Promise.all(Array.from({ length: calls }, () => this.#beginOne()));
    for (const call of begun) if (call) this.held.set(call.callID, call.transfer?.timeLimitSeconds ?? 0);
    if (left >= MIN_HANDED_OVER_SECONDS) expect(begun.some(Boolean)).toBe(true);
    else expect(begun.some(Boolean)).toBe(false);
  }

  /** The person has the caller for this share of what they may, or does not answer, and the call ends. */
  async end(which: number, share: number): Promise<void> {
    const [callID, seconds] = [...this.held][which % Math.max(1, this.held.size)] ?? [];
    if (callID === undefined || seconds === undefined) return;
    const ref = { tenantID: this.tenantID, callID };
    const talked = Math.floor(seconds * share);
    const steps = talked === 0 ? [() => hungUp(16)] : [legAnswered, bridged, () => hungUp(15 + talked)];
    for (const [index, step] of steps.entries()) {
      const { call } = await store.load(ref);
      await advancer.advance({ ref, eventID: `end/${index}`, event: step(call) });
    }
    this.held.delete(callID);
    this.used += talked;
  }

  get left(): number {
    return (
      this.#minutes * 60 - this.used - [...this.held.values()].reduce((sum, seconds) => sum + seconds, 0)
    );
  }

  /** What Redis has is what people had and may have, and within the day. */
  async check(): Promise<void> {
    expect(this.left).toBeGreaterThanOrEqual(0);
    expect(Number(await redis.get(storeKeys.transferSeconds(this.tenantID, DAY)))).toBe(this.used);
    const holds = await redis.hgetall(storeKeys.transferHolds(this.tenantID));
    const seconds = Object.entries(holds).map(
      ([callID, hold]) => [callID, Number.parseInt(hold, 10)] as const,
    );
    expect(new Map(seconds)).toEqual(this.held);
  }

  async #beginOne(): Promise<CallRecord | undefined> {
    const talk = run(...talking);
    const transition = talk.transitions.at(-1);
    if (!transition) throw new Error('nobody talks');
    const record = { ...transition.call.record, callID: randomUUID(), tenantID: this.tenantID };
    const call = { ...transition.call, record };
    await store.commit({ eventID: 'talks', version: 0, transition: { ...transition, call, ledger: [] } });
    const { limits, ...profile } = profileInTest({ transferTargets: [SALES] });
    const limited = { ...profile, limits: { ...limits, transferMinutesPerDay: this.#minutes } };
    const begun = await beginTransfer(
      { target: SALES.name },
      { record, profile: limited, services: { store, advancer, clock, slots: { allCan: async () => true } } },
    );
    return begun?.call.record;
  }
}

const step = fc.oneof(
  fc.record({ begin: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ end: fc.nat(10), share: fc.constantFrom(0, 0.01, 0.5, 1) }),
);

test('transfers that go on and those that were stay within the minutes of a day together', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 1, 11, 30, 120, 600),
      fc.array(step, { maxLength: 12 }),
      async (minutes, steps) => {
        const line = new Line(minutes);
        await line.mark(false);
        for (const next of steps) {
          if ('begin' in next) await line.begin(next.begin);
          else await line.end(next.end, next.share);
          await line.check();
        }
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  ['emptied on the day', async (line: Line) => line.mark(true)],
  ['emptied just now', (line: Line) => redis.del(storeKeys.mark(shardOf(line.tenantID)))],
])(
  'where Redis was %s, and may have lost the count, half of the day is taken to be used',
  async (_what, empty) => {
    const line = new Line(30);
    await empty(line);
    const ref = { tenantID: line.tenantID, callID: randomUUID() };
    expect(await store.transferRoom(ref, 30 * 60)).toBe(900);
    // Counted on from there, also when the mark is old.
    await line.mark(false);
    expect(await store.transferRoom(ref, 30 * 60)).toBe(900);
  },
);

test('what a call holds that nobody hears of any more is given back in time', async () => {
  const line = new Line(30);
  await line.mark(false);
  const ref = { tenantID: line.tenantID, callID: randomUUID() };
  await redis.hset(storeKeys.transferHolds(line.tenantID), 'gone', `600/${at(9)}`, 'lives', `60/${at(11)}`);
  expect(await store.transferRoom(ref, 30 * 60)).toBe(30 * 60 - 60);
  expect(await redis.hkeys(storeKeys.transferHolds(line.tenantID))).toEqual(['lives']);
});
