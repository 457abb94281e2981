import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key }),
  fc.record({ do: fc.constant('addAfter' as const), key, delayMs: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ do: fc.constant('retry' as const), key }),
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({ do: fc.constant('done' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60 }) }),
);

/** Longer than every delay that the steps can ask for. */
const LONG_MS = 100_000;

test('no key is worked on twice at once, none is lost, and none comes without having been added', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new FakeClock();
      const queue = new WorkQueue({ clock, backoff: { initialMs: 10, maxMs: 80, jitter: 0 } });
      const working: string[] = [];
      /** Keys that were added, at once or for later, since they were last taken. */
      const wanted = new Set<string>();
      const taking: Promise<void>[] = [];
      const take = () => {
        const taken = queue.take().then((taken) => {
          if (taken === undefined) return undefined;
          expect(working).not.toContain(taken);
          expect(wanted).toContain(taken);
          wanted.delete(taken);
          working.push(taken);
          return undefined;
        });
        taking.push(taken);
      };
      const finish = (which: number) => {
        const [done] = working.splice(which % working.length, 1);
        if (done !== undefined) queue.done(done);
      };

      for (const one of steps) {
        if ('key' in one) wanted.add(one.key);
        if (one.do === 'add') queue.add(one.key);
        if (one.do === 'addAfter') queue.addAfter(one.key, one.delayMs);
        if (one.do === 'retry') queue.retry(one.key);
        if (one.do === 'take') take();
        if (one.do === 'done' && working.length > 0) finish(one.which);
        await clock.advance(one.do === 'wait' ? one.ms : 0);
      }
      // Afterwards workers enough finish everything that was ever wanted.
      for (let round = 0; round < 3; round += 1) {
        await clock.advance(LONG_MS);
        while (working.length > 0) finish(0);
        for (const _each of wanted) take();
        await clock.advance(0);
      }
      while (working.length > 0) finish(0);
      expect([...wanted]).toEqual([]);
      queue.close();
      await Promise.all(taking);
    }),
    { numRuns: 200 },
  );
});
