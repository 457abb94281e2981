import { concatenated } from './concatenated.ts';
import { Resampler } from './resampler.ts';

/**
 * A whole recording at another rate. A long one is done a second at a time, some 0.2 ms of work, so that the
 * other calls of the pod get their turns in between.
 */
export async function resampleWhole(samples: Int16Array, fromHz: number, toHz: number): Promise<Int16Array> {
  const resampler = new Resampler(fromHz, toHz);
  const pieces: Int16Array[] = [];
  for (let at = 0; at < samples.length; at += fromHz) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    pieces.push(resampler.process(samples.subarray(at, at + fromHz)));
  }
  return concatenated(pieces);
}
