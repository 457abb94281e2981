import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { Orders, ordersSchema } from './orders.ts';

function ordered(orders: object) {
  const clock = new FakeClock();
  const given = new Orders(clock);
  given.give(ordersSchema.parse(orders), undefined);
  const gone = new AbortController();
  const ask = (body: string) => given.mishap('tts', Buffer.from(body), gone.signal);
  return { clock, orders: given, ask, gone };
}

/** What a client sees of a request: how much of `abcd`, and how it ends. */
async function outcomeOf(mishap: ReturnType<Orders['mishap']>): Promise<string> {
  try {
    await mishap.begin();
    const answer = mishap.cut(['a', 'b', 'c', 'd']).join('');
    try {
      await mishap.end();
      return answer;
    } catch {
      return `${answer} and an end`;
    }
  } catch {
    return 'a failure';
  }
}

describe('engines with orders', () => {
  test.each([
    [['works'], 'abcd'],
    [['fails'], 'a failure'],
    [['breaks'], 'ab and an end'],
  ])('that are to do %j answer with %s', async (tts, outcome) => {
    expect(await outcomeOf(ordered({ tts }).ask('x'))).toBe(outcome);
  });

  test.each([
    ['hangs', 'a failure'],
    ['stalls', 'ab and an end'],
  ])('one that %s goes on until the client is gone', async (behaviour, outcome) => {
    const { ask, gone } = ordered({ tts: [behaviour] });
    const waiting = outcomeOf(ask('x'));
    expect(await Promise.race([waiting, Promise.resolve('still')])).toBe('still');
    gone.abort();
    expect(await waiting).toBe(outcome);
  });

  test('do one thing after another, and the last of them for ever', async () => {
    const { ask } = ordered({ tts: ['works', 'breaks', 'works'] });
    const outcomes = [];
    for (const body of ['a', 'b', 'c', 'd']) outcomes.push(await outcomeOf(ask(body)));
    expect(outcomes).toEqual(['abcd', 'ab and an end', 'abcd', 'abcd']);
  });

  test('fail a request that is made anew at once, and count it once', async () => {
    const { ask, clock } = ordered({ tts: ['fails', 'works', 'breaks'] });
    const outcomes = [await outcomeOf(ask('a')), await outcomeOf(ask('a')), await outcomeOf(ask('a'))];
    expect(outcomes).toEqual(['a failure', 'a failure', 'abcd']);
    await clock.advance(10_000);
    expect(await outcomeOf(ask('a'))).toBe('ab and an end');
  });

  test('have the model give the answers of the script, the same one to a draft that is asked for again', () => {
    const { orders } = ordered({ model: [['One.'], ['Two.'], ['Three.']] });
    const upTo = (...roles: string[]) => orders.answer(roles.map((role) => ({ role })));
    expect(upTo('system', 'user')).toEqual(['One.']);
    expect(upTo('system', 'user')).toEqual(['One.']);
    expect(upTo('system', 'user', 'assistant', 'tool')).toEqual(['Two.']);
    expect(upTo('system', 'user', 'assistant', 'user')).toEqual(['Three.']);
    expect(upTo('system', 'user', 'assistant', 'user', 'assistant', 'user')).toEqual([]);
    expect(ordered({}).orders.answer([])).toBeUndefined();
  });
});
