import { beforeEach, describe, expect, test } from 'vitest';
import { PlayOut } from './play-out.ts';

/** 8 kHz: 160 samples are a frame. */
const audio = (samples: number, value = 1) => new Int16Array(samples).fill(value);

describe('the play-out clock', () => {
  let marks: string[];
  let playOut: PlayOut;

  beforeEach(() => {
    marks = [];
    playOut = new PlayOut({
      sampleRateHz: 8_000,
      onMark: (name, cleared) => marks.push(cleared ? `${name} cleared` : name),
    });
  });

  const ticks = (count: number) => Array.from({ length: count }, () => playOut.tick());

  test('audio leaves 20 ms at a time, and the last frame ends in silence', () => {
    playOut.queue(audio(200));
    const [first, second, third] = ticks(3);
    expect(first).toEqual(audio(160));
    expect([second?.[39], second?.[40]]).toEqual([1, 0]);
    expect(third).toBeUndefined();
    expect(playOut.playedMs).toBe(25);
  });

  test('a mark returns only when the audio before it has been heard', () => {
    playOut.queue(audio(320));
    playOut.mark('end');
    ticks(2);
    expect(marks).toEqual([]);
    ticks(1);
    expect(marks).toEqual(['end']);
  });

  test('a mark inside a frame returns with that frame’s end', () => {
    playOut.queue(audio(80));
    playOut.mark('middle');
    playOut.queue(audio(80));
    ticks(1);
    expect(marks).toEqual([]);
    ticks(1);
    expect(marks).toEqual(['middle']);
  });

  test('a mark with nothing queued returns at once', () => {
    playOut.mark('now');
    expect(marks).toEqual(['now']);
  });

  test('a mark that comes while the last frame plays waits for its end', () => {
    playOut.queue(audio(160));
    ticks(1);
    playOut.mark('late');
    expect(marks).toEqual([]);
    ticks(1);
    expect(marks).toEqual(['late']);
  });

  test('clear forgets the queue and returns its marks as unheard, in order', () => {
    playOut.queue(audio(80));
    playOut.mark('a');
    playOut.queue(audio(320));
    playOut.mark('b');
    ticks(1);
    playOut.clear();
    expect(marks).toEqual(['a cleared', 'b cleared']);
    expect(ticks(1)).toEqual([undefined]);
  });

  /** What happens in turn: audio or ticks by their number, marks by their name; plays all of it. */
  function play(...steps: (number | string | { readonly ticks: number })[]): void {
    for (const step of steps) {
      if (typeof step === 'number') playOut.queue(audio(step));
      else if (typeof step === 'string') playOut.mark(step);
      else ticks(step.ticks);
    }
    ticks(20);
  }
  const gaps = () => playOut.underruns.map(({ atMs, gapMs }) => [atMs, gapMs]);

  test.each([
    ['a gap after audio is one, however short', [160, { ticks: 2 }, 160, 'u/0'], [[20, 20]]],
    ['a gap after audio is one, however long', [160, { ticks: 101 }, 160, 'u/0'], [[20, 2_000]]],
    ['a gap between two utterances is none', [160, 'u/0', { ticks: 5 }, 160, 'v/0'], []],
    ['a gap between two marks of one utterance is one', [160, 'u/0', { ticks: 3 }, 160, 'u/1'], [[20, 40]]],
    [
      'the mark that decides may come when the audio has played',
      [160, 'u/0', { ticks: 3 }, 160, { ticks: 2 }, 'u/1'],
      [[20, 40]],
    ],
    ['a mark without a slash is an utterance’s end', [160, 'one', { ticks: 3 }, 160, 'two'], []],
    ['a piece that ends inside a frame leaves silence to its end', [200, { ticks: 2 }, 160], [[25, 15]]],
    [
      'two gaps of one utterance are two',
      [160, { ticks: 2 }, 160, { ticks: 3 }, 160, 'u/0'],
      [
        [20, 20],
        [60, 40],
      ],
    ],
    ['audio that comes in time leaves none', [160, { ticks: 1 }, 160, { ticks: 1 }, 160, 'u/0'], []],
    ['silence before the first audio is none', [{ ticks: 9 }, 160, 'u/0'], []],
  ])('underruns: %s', (_name, steps, expected) => {
    play(...steps);
    expect(gaps()).toEqual(expected);
  });

  test('an underrun tells how late the play-out itself was', () => {
    playOut = new PlayOut({
      sampleRateHz: 8_000,
      onMark: () => undefined,
      callMs: () => 5_000,
      ownDelayMs: () => 7,
    });
    play(160, { ticks: 2 }, 160);
    expect(playOut.underruns).toEqual([{ atMs: 5_020, gapMs: 20, ownDelayMs: 7 }]);
  });

  test('silence after a clear is no underrun', () => {
    playOut.queue(audio(480));
    ticks(1);
    playOut.clear();
    ticks(5);
    playOut.queue(audio(160));
    ticks(1);
    expect(playOut.underruns).toEqual([]);
  });

  test('the queue has a bound', () => {
    while (playOut.queue(audio(8_000 * 30))) expect(playOut.queuedMs).toBeLessThan(400_000);
    expect(playOut.queuedMs).toBe(330_000);
  });
});
