import type { SoundTools } from './sound-tools.ts';

/** What is measured with: the same speech at any rate, and the other programs. */
export interface MeasuredSpeech {
  /** All of it; a whole number of frames of 20 ms. */
  readonly speechAt: (rateHz: number) => Int16Array;
  readonly seconds: number;
  readonly tools: SoundTools;
  readonly say: (text: string) => void;
}

/** The shortest of three runs: what else the machine does can only make one longer. */
export async function shortest<T extends { readonly ms: number }>(run: () => T | Promise<T>): Promise<T> {
  let best = await run();
  for (let round = 1; round < ROUNDS; round++) {
    const next = await run();
    if (next.ms < best.ms) best = next;
  }
  return best;
}

const ROUNDS = 3;
