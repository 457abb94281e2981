import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { CommandGate, type Urgency } from './command-gate.ts';

/** A carrier that takes `limit` requests in each whole second and refuses the rest with `Retry-After: 1`. */
class Carrier {
  readonly #clock: FakeClock;
  readonly #limit: number;
  #second = -1;
  #used = 0;
  refusals = 0;

  constructor(clock: FakeClock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  takes(): boolean {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#used = 0;
    }
    this.#used += 1;
    if (this.#used <= this.#limit) return true;
    this.refusals += 1;
    return false;
  }
}

/** Sends until the carrier takes it; resolves to the ms that took, or to undefined after `forMs`. */
async function send(
  { gate, carrier, clock }: { gate: CommandGate; carrier: Carrier; clock: FakeClock },
  urgency: Urgency,
  forMs = 60_000,
): Promise<number | undefined> {
  const startMs = clock.monotonic();
  while (await gate.pass(urgency, startMs + forMs - clock.monotonic())) {
    await clock.sleep(50);
    if (carrier.takes()) {
      gate.taken();
      return clock.monotonic() - startMs;
    }
    gate.refused(urgency, 1_000);
  }
  return undefined;
}

function site(limit: number) {
  const clock = new FakeClock();
  return { clock, gate: new CommandGate(clock), carrier: new Carrier(clock, limit) };
}

async function finish<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  const progress = { done: false };
  const finished = work.finally(() => {
    progress.done = true;
  });
  for (let second = 0; second < 300 && !progress.done; second += 1) await clock.advance(1_000);
  return finished;
}

describe('the gate to the carrier', () => {
  test('holds nothing back while the carrier refuses nothing', async () => {
    const { clock, gate } = site(1);
    const passed = await Promise.all(Array.from({ length: 500 }, () => gate.pass('New', 0)));
    expect(passed.every(Boolean)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('brings all commands of a 200-call resume through a limit of 50 a second', async () => {
    const there = site(50);
    const sent = Promise.all(Array.from({ length: 400 }, () => send(there, 'Live')));
    const tookMs = await finish(there.clock, sent);
    expect(tookMs.every((ms) => ms !== undefined)).toBe(true);
    expect(Math.max(...tookMs.map(Number))).toBeLessThan(16_000);
    // The first burst's refusals, and few after it.
    expect(there.carrier.refusals).toBeLessThan(500);
    expect(there.gate.waiting).toBe(0);
  });

  test('lets live calls pass before new ones, and questions last', async () => {
    const { clock, gate } = site(1);
    gate.refused('Live', 1_000);
    const order: Urgency[] = [];
    for (const urgency of ['Question', 'New', 'Live', 'Question', 'New', 'Live'] as const) {
      void gate.pass(urgency, 60_000).then(() => order.push(urgency));
    }
    await clock.advance(10_000);
    expect(order).toEqual(['Live', 'Live', 'New', 'New', 'Question', 'Question']);
  });

  test.each<[Urgency, Urgency, number]>([
    ['New', 'New', 3_000],
    ['New', 'Question', 3_000],
    // Somebody may be hearing silence.
    ['Live', 'Live', 1_000],
    ['New', 'Live', 0],
    ['Question', 'Question', 3_000],
    ['Question', 'New', 0],
    ['Question', 'Live', 0],
  ])(
    'after a refused %s, a %s waits %i ms of the three seconds that the carrier asked for',
    async (refused, next, waitMs) => {
      const { clock, gate } = site(1);
      gate.refused(refused, 3_000);
      const startMs = clock.monotonic();
      const passedAtMs = gate.pass(next, 60_000).then(() => clock.monotonic() - startMs);
      await clock.advance(10_000);
      expect(await passedAtMs).toBe(waitMs);
    },
  );

  test('gives up what waited too long, and what is one too many', async () => {
    const { clock, gate } = site(1);
    gate.refused('New', 10_000);
    const waiting = gate.pass('New', 500);
    await clock.advance(500);
    expect(await waiting).toBe(false);
    const many = Array.from({ length: 1_000 }, () => gate.pass('New', 60_000));
    expect(await gate.pass('New', 60_000)).toBe(false);
    expect(gate.waiting).toBe(1_000);
    await clock.advance(60_000);
    expect((await Promise.all(many)).length).toBe(1_000);
    expect(gate.waiting).toBe(0);
  });

  test('forgets the limit a minute after the last refusal', async () => {
    const { clock, gate } = site(1);
    gate.refused('Live', 1_000);
    await clock.advance(61_000);
    const passed = await Promise.all(Array.from({ length: 100 }, () => gate.pass('New', 0)));
    expect(passed.every(Boolean)).toBe(true);
  });
});
