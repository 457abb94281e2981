import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { DigitCollector } from './digit-collector.ts';

const T0 = 1_000_000;

function collector() {
  const clock = new FakeClock(T0);
  const entries: string[] = [];
  const keys = { count: 0 };
  const digits = new DigitCollector({
    clock,
    gapMs: 2_500,
    reorderMs: 250,
    onKey: () => {
      keys.count += 1;
    },
    onEntry: (entry) => entries.push(entry),
  });
  return { clock, digits, entries, keys };
}

/** Digit, when it was pressed, and how much later than the one before it came; in milliseconds. */
type Press = readonly [digit: string, pressedMs: number, afterMs: number];

describe('keys that a caller presses', () => {
  test.each<readonly [string, readonly Press[], readonly string[]]>([
    [
      'in one go are one entry',
      [
        ['1', 0, 0],
        ['2', 300, 300],
        ['3', 700, 400],
      ],
      ['123'],
    ],
    [
      'more than 2.5 s apart are two entries',
      [
        ['1', 0, 0],
        ['2', 2_600, 2_600],
      ],
      ['1', '2'],
    ],
    [
      'up to 2.5 s apart are one',
      [
        ['1', 0, 0],
        ['2', 2_400, 2_400],
      ],
      ['12'],
    ],
    [
      'out of order are put in order',
      [
        ['2', 300, 300],
        ['1', 0, 100],
        ['3', 700, 300],
      ],
      ['123'],
    ],
    [
      'that come twice count once',
      [
        ['5', 0, 0],
        ['5', 0, 40],
        ['5', 400, 200],
      ],
      ['55'],
    ],
    [
      'before # are an entry',
      [
        ['4', 0, 0],
        ['2', 200, 200],
        ['#', 400, 200],
      ],
      ['42'],
    ],
    [
      'before # count though they come after it',
      [
        ['4', 0, 0],
        ['#', 400, 400],
        ['2', 200, 100],
      ],
      ['42'],
    ],
    [
      'after # begin another entry',
      [
        ['1', 0, 0],
        ['#', 100, 100],
        ['2', 150, 50],
      ],
      ['1', '2'],
    ],
    [
      'twice ended are two entries',
      [
        ['1', 0, 0],
        ['#', 90, 90],
        ['2', 150, 60],
        ['#', 200, 50],
      ],
      ['1', '2'],
    ],
    ['are # alone where that is all', [['#', 0, 0]], ['#']],
    [
      'are * and letters too',
      [
        ['*', 0, 0],
        ['A', 100, 100],
        ['0', 200, 100],
      ],
      ['*A0'],
    ],
    [
      'that come late at once are split by when they were pressed',
      [
        ['1', 0, 9_000],
        ['2', 4_000, 0],
      ],
      ['1', '2'],
    ],
  ])('%s', async (_what, presses, expected) => {
    const { clock, digits, entries } = collector();
    for (const [digit, pressedMs, afterMs] of presses) {
      await clock.advance(afterMs);
      digits.push(digit, T0 + pressedMs);
    }
    await clock.advance(3_000);
    expect(entries).toEqual(expected);
    expect(clock.pending).toBe(0);
  });

  test('are told at # within what late ones are waited for', async () => {
    const { clock, digits, entries } = collector();
    digits.push('7', T0);
    digits.push('#', T0 + 100);
    await clock.advance(240);
    expect(entries).toEqual([]);
    // A further key does not put that off.
    digits.push('1', T0 + 300);
    await clock.advance(20);
    expect(entries).toEqual(['7']);
  });

  test('are each told of at once, but repeats are not', () => {
    const { digits, keys } = collector();
    for (const at of [0, 0, 200]) digits.push('9', T0 + at);
    expect(keys.count).toBe(2);
  });

  test('that the carrier gives no time of were pressed when they came', async () => {
    const { clock, digits, entries } = collector();
    for (const digit of '86') {
      digits.push(digit);
      await clock.advance(500);
    }
    await clock.advance(2_500);
    expect(entries).toEqual(['86']);
  });

  test('without end are told 40 at a time', () => {
    const { digits, entries } = collector();
    for (let i = 0; i < 100; i++) digits.push(String(i % 10), T0 + i);
    expect(entries.map((entry) => entry.length)).toEqual([40, 40]);
  });

  test("are nobody's business once the stream is closed", async () => {
    const { clock, digits, entries } = collector();
    digits.push('1');
    digits.close();
    digits.push('2');
    await clock.advance(10_000);
    expect(entries).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
