import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { TenantFollower } from './tenant-follower.ts';

let follower: TenantFollower | undefined;
afterEach(async () => {
  await follower?.stop();
});

/** A follower of batches of three, whose `work` fails as long as it is given one of `failing`. */
async function start(failing: ReadonlySet<string>) {
  const clock = new FakeClock();
  const done: string[] = [];
  const tries: (readonly string[])[] = [];
  let tell: (name: string) => void = () => undefined;
  follower = new TenantFollower({
    name: 'test',
    informer: {
      onChange: (listener) => {
        tell = (name) => listener(name, undefined, undefined, 'Watch');
        return () => undefined;
      },
    },
    work: async (names) => {
      tries.push(names);
      const found = names.find((name) => failing.has(name));
      if (found !== undefined) throw new Error(`${found} fails`);
      done.push(...names);
    },
    batchSize: 3,
    clock,
    log: silentLogger,
  });
  await follower.start((error) => {
    throw error;
  });
  return { clock, done, tries, tell: (...names: string[]) => names.forEach((name) => tell(name)) };
}

/** Until a name is among what is done, or so many delays have passed. */
async function advance(clock: FakeClock, until: () => boolean): Promise<void> {
  for (let step = 0; step < 50 && !until(); step += 1) await clock.advance(5_000);
}

test('a tenant that always fails keeps none of those behind it waiting', async () => {
  const { clock, done, tell } = await start(new Set(['bad']));
  tell('bad', 'a', 'b', 'c', 'd');
  await advance(clock, () => done.length === 4);
  expect(done.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  tell('e');
  await advance(clock, () => done.includes('e'));
  expect(done).toContain('e');
});

test('one that failed is tried alone until it succeeds, and in turn with what is new', async () => {
  const failing = new Set(['bad']);
  const { clock, done, tries, tell } = await start(failing);
  tell('bad', 'a');
  await advance(clock, () => tries.length >= 5);
  expect(tries[0]).toEqual(['bad', 'a']);
  expect(tries.slice(1).every((names) => names.length === 1)).toBe(true);
  failing.clear();
  await advance(clock, () => done.includes('bad'));
  expect(done).toEqual(['a', 'bad']);
});

test('while all fail it waits longer and longer', async () => {
  const { clock, tries, tell } = await start(new Set(['a', 'b']));
  tell('a', 'b');
  await clock.advance(60_000);
  expect(tries.length).toBeLessThan(30);
});
