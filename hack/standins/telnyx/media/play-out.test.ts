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

  test.each([
    ['a short gap is an underrun', 5, [{ atMs: 20, gapMs: 100 }]],
    ['a long one is a pause', 30, []],
  ])('%s', (_name, dryTicks, underruns) => {
    playOut.queue(audio(160));
    ticks(1 + dryTicks);
    playOut.queue(audio(160));
    ticks(1);
    expect(playOut.underruns).toEqual(underruns);
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
