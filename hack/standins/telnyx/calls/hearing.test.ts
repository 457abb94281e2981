import { beforeEach, describe, expect, test } from 'vitest';
import { Hearing } from './hearing.ts';

describe('what a caller hears', () => {
  let hearing: Hearing;
  let atMs: number;

  beforeEach(() => {
    hearing = new Hearing();
    atMs = 0;
  });

  /** `a`: the agent sounds, `c`: the caller speaks, `b`: both, `-`: nobody; each for so many milliseconds. */
  function pass(...parts: (readonly ['a' | 'b' | 'c' | '-', number])[]): void {
    for (const [who, ms] of parts) {
      for (const endMs = atMs + ms; atMs < endMs; atMs += 20) {
        hearing.frame(atMs, who === 'a' || who === 'b', who === 'c' || who === 'b');
      }
    }
  }

  test('sound and silence alternate, breaths belong to the sound, and the caller’s words are counted', () => {
    pass(['-', 600], ['a', 1_000], ['-', 480], ['b', 520], ['-', 500], ['c', 2_000], ['a', 100]);
    expect(hearing.stretches()).toEqual([
      { kind: 'Silence', atMs: 0, lengthMs: 600, callerMs: 0 },
      { kind: 'Sound', atMs: 600, lengthMs: 2_000, callerMs: 520 },
      { kind: 'Silence', atMs: 2_600, lengthMs: 2_500, callerMs: 2_000 },
      { kind: 'Sound', atMs: 5_100, lengthMs: 100, callerMs: 0 },
    ]);
  });

  test('the longest silence is that of both, and the agent’s is told apart from it', () => {
    pass(['a', 100], ['-', 700], ['c', 1_000], ['-', 900], ['a', 100], ['-', 300]);
    expect([hearing.longestSilenceMs, hearing.longestWithoutAgentMs, hearing.firstSoundMs]).toEqual([
      900, 2_600, 0,
    ]);
  });

  test('silence before and after a pause is not one', () => {
    pass(['a', 100], ['-', 800]);
    hearing.pause();
    atMs += 60_000;
    pass(['-', 700], ['a', 100]);
    expect(hearing.longestSilenceMs).toBe(800);
    expect(hearing.stretches().map(({ atMs: at, lengthMs }) => [at, lengthMs])).toEqual([
      [0, 100],
      [100, 800],
      [60_900, 700],
      [61_600, 100],
    ]);
  });

  test('what is under way is told up to now', () => {
    pass(['a', 100], ['-', 200]);
    expect(hearing.stretches()).toEqual([{ kind: 'Sound', atMs: 0, lengthMs: 300, callerMs: 0 }]);
  });
});
