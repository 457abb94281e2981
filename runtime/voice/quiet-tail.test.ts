import { describe, expect, test } from 'vitest';
import { QuietTail } from './quiet-tail.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';

const [LOUD, SOFT, NOISE] = [8_000, 800, 100].map((level) => new Int16Array(256).fill(level));

describe('the quiet tail of a turn', () => {
  test.each([
    ['is as long as its sound has died away', [LOUD, LOUD, NOISE, NOISE], 2],
    ['is none while the caller speaks softly', [LOUD, NOISE, SOFT], 0],
    ['is none on a line whose noise is close to the voice', [SOFT, NOISE, NOISE], 0],
    ['is no longer than the memory of the model', [LOUD, ...Array.from({ length: 20 }, () => NOISE)], 5],
  ])('%s', (_, frames, expected) => {
    const tail = new QuietTail();
    for (const frame of frames) if (frame) tail.push(frame);
    expect(tail.ms).toBe(expected * DETECTOR_FRAME_MS);
  });

  test.each([
    ['goes on until there is sound', [LOUD, NOISE, NOISE], 0],
    ['ends with a word that begins softly', [LOUD, NOISE, SOFT, LOUD], 2],
  ])('%s', (_, frames, expected) => {
    const tail = new QuietTail();
    for (const frame of frames) if (frame) tail.push(frame);
    expect(tail.soundMs).toBe(expected * DETECTOR_FRAME_MS);
  });

  test('begins within a frame, where the sound died away', () => {
    const tail = new QuietTail();
    const ending = new Int16Array(256).fill(8_000, 0, 128);
    tail.push(ending);
    expect(tail.ms).toBe(16);
  });

  test('begins after the soft end of a word on a still line, and before it on a noisy one', () => {
    const soft = new Int16Array(256).fill(240);
    const tailAfter = (noise: number) => {
      const tail = new QuietTail();
      const line = new Int16Array(256).fill(noise);
      for (const frame of [line, LOUD, soft, line]) if (frame) tail.push(frame);
      return tail.ms;
    };
    expect(tailAfter(10)).toBe(DETECTOR_FRAME_MS);
    expect(tailAfter(120)).toBe(2 * DETECTOR_FRAME_MS);
  });

  test('is measured by the loudness of each turn for itself', () => {
    const tail = new QuietTail();
    if (LOUD) tail.push(LOUD);
    tail.reset();
    if (SOFT) tail.push(SOFT);
    expect(tail.ms).toBe(0);
  });
});
