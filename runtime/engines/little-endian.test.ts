import { expect, test } from 'vitest';
import { bytesOf, samplesOf } from './little-endian.ts';

test('samples are little-endian bytes, and back, wherever in memory they begin', () => {
  const samples = Int16Array.of(1, -2, 32_767, -32_768);
  const bytes = bytesOf(samples.subarray(1));
  expect(bytes.toString('hex')).toBe('feffff7f0080');
  const odd = Buffer.concat([Buffer.of(9), bytes, Buffer.of(7)]);
  expect([...samplesOf(odd.subarray(1))]).toEqual([-2, 32_767, -32_768]);
});
