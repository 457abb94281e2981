import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { AwayStore } from '#runtime/admission/away-store.ts';
import type { MonthUsage } from '#runtime/admission/month-usage.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { Carrier } from '#runtime/carrier/carrier.ts';
import { CommandGate } from '#runtime/carrier/command-gate.ts';
import { RecentCalls } from '#runtime/keep/recent-calls.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { CallAdvancer } from './advance.ts';
import type { CallEvent, CallIdentity } from './call-event.ts';
import { callIDOf } from './call-id.ts';
import { CallDriver } from './driver.ts';

const TENANT = '6f1c1d1e-0000-4000-8000-000000000001';
const CALLS = 200;
const PER_SECOND = 10;
/** How long one command waits for the carrier's rate, as in carrier/telnyx.ts. */
const GIVE_UP_MS = 5_000;

/** A carrier that takes ten commands a second, behind the gate that it has in production. */
class ThrottlingCarrier {
  readonly taken = new Set<string>();
  readonly #clock: FakeClock;
  readonly #gate: CommandGate;
  #times: number[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.#gate = new CommandGate(clock);
  }

  get waiting(): number {
    return this.#gate.waiting;
  }

  async send({ carrierCallID }: Parameters<Carrier['send']>[0]): ReturnType<Carrier['send']> {
    const untilMs = this.#clock.monotonic() + GIVE_UP_MS;
    while (await this.#gate.pass('New', untilMs - this.#clock.monotonic())) {
      const nowMs = this.#clock.monotonic();
      this.#times = this.#times.filter((atMs) => atMs > nowMs - 1_000);
      if (this.#times.length < PER_SECOND) {
        this.#times.push(nowMs);
        this.#gate.taken();
        this.taken.add(carrierCallID);
        return 'Done';
      }
      this.#gate.refused('New', 1_000);
    }
    return 'Throttled';
  }
}

test('200 calls that come while the carrier throttles are all answered, and none loses a try that was not made', async () => {
  const clock = new FakeClock();
  const metrics = createRuntimeMetrics(createRegistry('test'));
  const store = new AwayStore({
    redis: {} as Redis,
    clock,
    tail: new LedgerTail(metrics),
    recent: new RecentCalls(),
    usage: {} as MonthUsage,
    away: () => true,
    pod: 'a',
    liveOf: () => [],
    log: silentLogger,
  });
  const advancer = new CallAdvancer(store, metrics);
  const carrier = new ThrottlingCarrier(clock);
  const driver = new CallDriver({
    store,
    advancer,
    slots: {} as PodSlots,
    carrier: carrier as Pick<Carrier, 'send' | 'waiting'> as Carrier,
    runtime: 'x/y',
    callTokenSecret: 's'.repeat(32),
    letGo: () => undefined,
    log: silentLogger,
    clock,
    metrics,
  });
  const identities = Array.from(
    { length: CALLS },
    (_, index): CallIdentity => ({
      tenantID: TENANT,
      callID: callIDOf(`v3:${index}`),
      carrierCallID: `v3:${index}`,
      runtime: 'x/y',
      workflow: 'lead-capture',
      from: '+15550100001',
      to: '+15550100002',
      maxDurationMs: 600_000,
    }),
  );
  const hungUp = (identity: CallIdentity): CallEvent => ({
    kind: 'hungUp',
    atMs: clock.now(),
    identity,
    occurredAtMs: clock.now(),
    cause: undefined,
    byCaller: true,
  });
  for (const identity of identities) {
    store.begin(identity);
    const event = {
      kind: 'admitted',
      atMs: clock.now(),
      identity,
      pod: 'a',
      occurredAtMs: clock.now(),
    } as const;
    const { call } = await advancer.advance({ ref: identity, eventID: 'initiated', event });
    if (call) void driver.drive(call);
  }
  let mostTries = 0;
  for (let second = 0; second < 40 && carrier.taken.size < CALLS; second += 0.5) {
    await clock.advance(500);
    await driver.driveOverdue();
    for (const identity of identities) {
      const { record } = (await store.load(identity)).call ?? {};
      mostTries = Math.max(mostTries, record?.attempts ?? 0);
      if (!carrier.taken.has(identity.carrierCallID)) expect(record?.state).toBe('answering');
      else if (record?.state === 'answering')
        await advancer.advance({ ref: identity, eventID: 'over', event: hungUp(identity) });
    }
  }
  expect(carrier.taken.size).toBe(CALLS);
  // A command that waited for the carrier's rate is repeated by a look at its deadline once at most.
  expect(mostTries).toBeLessThanOrEqual(2);
}, 60_000);
