import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

function create(backoff = { initialMs: 100, maxMs: 1_000, jitter: 0 }) {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, backoff }) };
}

describe('a work queue', () => {
  test('holds a key once however often it was added, and hands keys out in the order they came', async () => {
    const { queue } = create();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(queue.depth).toBe(2);
    expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
    expect(queue.depth).toBe(0);
  });

  test('gives a key that was added while in work again afterwards, once', async () => {
    const { queue } = create();
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(queue.depth).toBe(1);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  test('gives a key the highest priority that was asked for, while it was in work or delayed', async () => {
    const { clock, queue } = create();
    queue.add('a');
    await queue.take();
    queue.add('a', 'High');
    queue.add('a', 'Low');
    queue.add('b');
    queue.addAfter('c', 10, 'High');
    queue.addAfter('c', 5, 'Low');
    queue.addAfter('d', 5, 'Low');
    queue.addAfter('d', 10, 'High');
    queue.done('a');
    await clock.advance(10);
    const taken = await Promise.all([queue.take(), queue.take(), queue.take(), queue.take()]);
    expect(taken).toEqual(['a', 'c', 'd', 'b']);
    expect(queue.priorityOf('a')).toBe('High');
  });

  test('hands a key to a taker that was there before it', async () => {
    const { queue } = create();
    const taken = queue.take();
    queue.add('a');
    expect(await taken).toBe('a');
  });

  test('adds a delayed key when the earliest of its delays is over, and leaves no timer behind', async () => {
    const { clock, queue } = create();
    queue.addAfter('a', 5_000);
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 3_000);
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
    await queue.take();
    queue.done('a');
    await clock.advance(10_000);
    expect([queue.depth, clock.pending]).toEqual([0, 0]);
  });

  test('forgets the delay of a key that is taken before it is over', async () => {
    const { clock, queue } = create();
    queue.addAfter('a', 5_000);
    queue.add('a');
    await queue.take();
    queue.done('a');
    await clock.advance(5_000);
    expect(queue.depth).toBe(0);
  });

  test('delays a failing key twice as long each time up to the cap, and begins anew after a success', () => {
    const { queue } = create();
    const delays = [1, 2, 3, 4, 5, 6].map(() => queue.retry('a'));
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    queue.forget('a');
    expect(queue.retry('a')).toBe(100);
  });

  test('waits at least as long as the server asked', () => {
    const { queue } = create();
    expect(queue.retry('a', 7_000)).toBe(7_000);
  });

  test('lets every taker go when it is closed, and takes nothing more', async () => {
    const { clock, queue } = create();
    const taken = queue.take();
    queue.addAfter('a', 10);
    queue.close();
    queue.add('b');
    expect([await taken, await queue.take(), queue.depth, clock.pending]).toEqual([
      undefined,
      undefined,
      0,
      0,
    ]);
  });
});
