/** A recording without the silence at its ends, so that it begins and ends with words. */
export function spokenPart(samples: Int16Array): Int16Array {
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const isSpoken = (sample: number) => Math.abs(sample) > loudest * SPOKEN_SHARE;
  return samples.slice(samples.findIndex(isSpoken), samples.findLastIndex(isSpoken) + 1);
}

/** 30 dB below its loudest sample. */
const SPOKEN_SHARE = 0.03;
