import { describe, expect, test } from 'vitest';
import { type Priority, WaitingKeys } from './waiting-keys.ts';

function take(keys: WaitingKeys, nowMs: number, count: number): readonly string[] {
  return Array.from({ length: count }, () => keys.next(nowMs)?.key ?? 'nothing');
}

describe('keys that wait', () => {
  test('come by priority, and in each in the order of their coming', () => {
    const keys = new WaitingKeys();
    const added: [string, Priority][] = [
      ['l1', 'Low'],
      ['n1', 'Normal'],
      ['h1', 'High'],
      ['n2', 'Normal'],
      ['h2', 'High'],
    ];
    for (const [key, priority] of added) keys.add(key, priority, 0);
    expect(take(keys, 0, 6)).toEqual(['h1', 'h2', 'n1', 'n2', 'l1', 'nothing']);
  });

  test('are raised when they are added again with more priority, and never lowered', () => {
    const keys = new WaitingKeys();
    keys.add('low', 'Low', 0);
    keys.add('normal', 'Normal', 0);
    expect([keys.add('low', 'High', 1), keys.add('low', 'Low', 2)]).toEqual([true, false]);
    expect([keys.size, keys.count('Low'), keys.count('High')]).toEqual([2, 0, 1]);
    expect(keys.next(3)).toMatchObject({ key: 'low', priority: 'High', addedAtMs: 0 });
  });

  test('of a first list get every fourth turn once they have waited for five seconds, not all of them', () => {
    const keys = new WaitingKeys();
    for (let index = 0; index < 10_000; index += 1) keys.add(`old ${index}`, 'Low', 0);
    for (let index = 0; index < 6; index += 1) keys.add(`new ${index}`, 'Normal', 60_000);
    expect(take(keys, 60_000, 8)).toEqual([
      'new 0',
      'new 1',
      'new 2',
      'old 0',
      'new 3',
      'new 4',
      'new 5',
      'old 1',
    ]);
  });

  test('are kept apart from those that were taken, however many come and go', () => {
    const keys = new WaitingKeys();
    for (let index = 0; index < 5_000; index += 1) {
      keys.add(`${index}`, 'Low', index);
      if (index % 3 === 0) keys.add(`${index}`, 'High', index);
      if (index % 2 === 0) keys.next(index);
    }
    const left = keys.size;
    const rest = take(keys, 1_000_000, left);
    expect(new Set(rest).size).toBe(left);
    expect([keys.size, keys.count('High'), keys.count('Low'), keys.next(0)]).toEqual([0, 0, 0, undefined]);
  });
});
