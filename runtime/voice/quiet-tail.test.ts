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

  test('is measured by the loudness of each turn for itself', () => {
    const tail = new QuietTail();
    if (LOUD) tail.push(LOUD);
    tail.reset();
    if (SOFT) tail.push(SOFT);
    expect(tail.ms).toBe(0);
  });
});
