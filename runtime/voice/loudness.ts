/**
 * The root mean square, of 32,768, from which sound can be a caller's voice: about −55 dB of full scale. Below it is the
 * line's own noise, on which recognisers invent words.
 */
export const AUDIBLE_LEVEL = 60;

/** Of the samples, of 32,768. */
export function rootMeanSquare(samples: Int16Array): number {
  return Math.sqrt(energyOf(samples) / samples.length);
}

/** Whether the samples' root mean square is at least `level`. */
export function isAudible(samples: Int16Array, level: number): boolean {
  return energyOf(samples) >= level * level * samples.length;
}

function energyOf(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] ?? 0;
    sum += sample * sample;
  }
  return sum;
}
