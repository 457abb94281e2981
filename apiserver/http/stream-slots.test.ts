import { describe, expect, test } from 'vitest';
import { StreamSlots } from './stream-slots.ts';

async function* chunks(): AsyncGenerator<string> {
  yield 'first';
  yield 'second';
}

describe('slots for streams', () => {
  test('are taken by the first chunk and given back after the last, however it ends', async () => {
    const slots = new StreamSlots({ total: 1, perTenant: 1 });
    const open = slots.hold('a', chunks());
    const waiting = slots.hold('a', chunks());
    await open.next();
    await expect(waiting.next()).rejects.toMatchObject({ code: 'busy', retryAfterSeconds: 10 });
    await open.return(undefined);
    expect(await Array.fromAsync(slots.hold('a', chunks()))).toEqual(['first', 'second']);
    await slots.hold('a', chunks()).next();
  });

  test.each([
    [{ total: 2, perTenant: 2 }, ['a', 'b'], 'c'],
    [{ total: 9, perTenant: 2 }, ['a', 'a'], 'a'],
  ])('of %j that %j have taken are none for %s', async (bounds, takers, refused) => {
    const slots = new StreamSlots(bounds);
    for (const taker of takers) await slots.hold(taker, chunks()).next();
    await expect(slots.hold(refused, chunks()).next()).rejects.toMatchObject({ code: 'busy' });
  });
});
