import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { type Priority, WaitingKeys } from './waiting-keys.ts';
import { WorkQueue } from './work-queue.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const priority = fc.constantFrom<Priority>('High', 'Normal', 'Low');
const delayMs = fc.integer({ min: 1, max: 50 });
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key, priority }),
  fc.record({ do: fc.constant('addAfter' as const), key, priority, delayMs }),
  fc.record({ do: fc.constant('retry' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({ do: fc.constant('done' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4_000 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Longer than every delay that the steps can ask for. */
const LONG_MS = 100_000;

interface Wish {
  readonly priority: Priority;
  readonly dueMs: number;
}

/**
 * What the queue should be, said in the slowest way: a list of what waits in the order of its coming, a
 * list of what is in work, and for each key at most one wish for later and one for after its work.
 */
class Model {
  waiting: { key: string; priority: Priority; sinceMs: number }[] = [];
  working = new Map<string, Priority>();
  again = new Map<string, Priority>();
  later = new Map<string, Wish>();

  add(key: string, priority: Priority, nowMs: number): void {
    if (this.working.has(key)) {
      this.again.set(key, highest(priority, this.again.get(key)));
      return;
    }
    const known = this.waiting.find((entry) => entry.key === key);
    if (known !== undefined && !WaitingKeys.isHigher(priority, known.priority)) return;
    this.waiting = this.waiting.filter((entry) => entry !== known);
    this.waiting.push({ key, priority, sinceMs: nowMs });
  }

  addAfter(key: string, priority: Priority, dueMs: number): void {
    const known = this.later.get(key);
    const earliest = Math.min(dueMs, known?.dueMs ?? dueMs);
    this.later.set(key, { priority: highest(priority, known?.priority), dueMs: earliest });
  }

  pass(nowMs: number): void {
    const due = [...this.later].filter(([, wish]) => wish.dueMs <= nowMs);
    for (const [key, wish] of due.toSorted(([, a], [, b]) => a.dueMs - b.dueMs)) {
      this.later.delete(key);
      this.add(key, wish.priority, wish.dueMs);
    }
  }

  /** The keys that may be taken: the first of the highest priority, or one that has waited too long. */
  allowed(nowMs: number): readonly string[] {
    const firsts = (['High', 'Normal', 'Low'] as const).flatMap(
      (priority) => this.waiting.find((entry) => entry.priority === priority) ?? [],
    );
    return firsts
      .filter((entry, index) => index === 0 || nowMs - entry.sinceMs >= 5_000)
      .map(({ key }) => key);
  }

  take(key: string): void {
    const taken = this.waiting.find((entry) => entry.key === key);
    this.waiting = this.waiting.filter((entry) => entry !== taken);
    this.working.set(key, taken?.priority ?? 'Normal');
    this.later.delete(key);
  }

  done(key: string, nowMs: number): void {
    this.working.delete(key);
    const again = this.again.get(key);
    this.again.delete(key);
    if (again !== undefined) this.add(key, again, nowMs);
  }
}

function highest(a: Priority, b: Priority | undefined): Priority {
  return b === undefined || WaitingKeys.isHigher(a, b) ? a : b;
}

/** The queue and its model, which are led through the same steps and compared after each. */
class Pair {
  readonly clock = new FakeClock();
  readonly queue = new WorkQueue({ clock: this.clock, backoff: { initialMs: 10, maxMs: 80, jitter: 0 } });
  readonly model = new Model();

  async apply(one: Step): Promise<void> {
    const { queue, model, clock } = this;
    const nowMs = clock.monotonic();
    const inWork = [...model.working.keys()];
    if (one.do === 'add') {
      queue.add(one.key, one.priority);
      model.add(one.key, one.priority, nowMs);
    }
    if (one.do === 'addAfter') {
      queue.addAfter(one.key, one.delayMs, one.priority);
      model.addAfter(one.key, one.priority, nowMs + one.delayMs);
    }
    if (one.do === 'take' && model.waiting.length > 0) await this.take();
    const chosen = 'which' in one ? inWork[one.which % inWork.length] : undefined;
    if (one.do === 'retry' && chosen !== undefined) {
      const retriedMs = queue.retry(chosen);
      model.addAfter(chosen, model.working.get(chosen) ?? 'Normal', nowMs + retriedMs);
    }
    if (one.do === 'done' && chosen !== undefined) {
      queue.done(chosen);
      model.done(chosen, nowMs);
    }
    if (one.do === 'wait') await this.pass(one.ms);
    expect(queue.depth).toBe(model.waiting.length);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.model.pass(this.clock.monotonic());
  }

  async take(): Promise<void> {
    const allowed = this.model.allowed(this.clock.monotonic());
    const inWork = [...this.model.working.keys()];
    const taken = await this.queue.take();
    expect(inWork).not.toContain(taken);
    expect(allowed).toContain(taken);
    this.model.take(taken ?? '');
  }

  /** Lets everything end; nothing that was ever wanted may be left. */
  async finish(): Promise<void> {
    await this.pass(LONG_MS);
    for (let round = 0; round < 3; round += 1) {
      for (const key of this.model.working.keys()) this.#end(key);
      while (this.model.waiting.length > 0) await this.take();
    }
    for (const key of this.model.working.keys()) this.#end(key);
    expect([this.queue.depth, this.clock.pending, this.model.waiting.length]).toEqual([0, 0, 0]);
    this.queue.close();
  }

  #end(key: string): void {
    this.queue.done(key);
    this.model.done(key, this.clock.monotonic());
  }
}

test('whatever happens, keys come one at a time, in order, and none is lost or made up', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const pair = new Pair();
      for (const one of steps) await pair.apply(one);
      await pair.finish();
    }),
    { numRuns: 300 },
  );
});

test('no key starves: it comes after at most four times as many takes as keys were before it', () => {
  fc.assert(
    fc.property(
      fc.array(priority, { minLength: 1, maxLength: 30 }),
      fc.array(fc.constantFrom<Priority>('High', 'Normal'), { minLength: 1, maxLength: 10 }),
      (waiting, flood) => {
        const keys = new WaitingKeys();
        for (const [index, level] of waiting.entries()) keys.add(`old ${index}`, level, 0);
        const left = new Set(waiting.keys().map((index) => `old ${index}`));
        let takes = 0;
        // Each take is followed by more that is new: the queue never gets shorter.
        for (let nowMs = 5_000; left.size > 0; nowMs += 1) {
          for (const [index, level] of flood.entries()) keys.add(`new ${nowMs} ${index}`, level, nowMs);
          left.delete(keys.next(nowMs)?.key ?? '');
          takes += 1;
          expect(takes).toBeLessThanOrEqual(waiting.length * 4);
        }
      },
    ),
    { numRuns: 200 },
  );
});
