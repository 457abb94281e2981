import { endianness } from 'node:os';

/** 16-bit samples ↔ the little-endian bytes of engines, copied whole: a long utterance has half a million of them. */
export function bytesOf(samples: Int16Array): Buffer {
  const bytes = Buffer.copyBytesFrom(samples);
  return SWAPPED ? bytes.swap16() : bytes;
}

/** Half a sample at the end is left out. */
export function samplesOf(bytes: Uint8Array): Int16Array {
  const samples = new Int16Array(bytes.length >> 1);
  const copy = Buffer.from(samples.buffer);
  copy.set(bytes.subarray(0, copy.length));
  if (SWAPPED) copy.swap16();
  return samples;
}

const SWAPPED = endianness() === 'BE';
