/** What a converter of sample rates does to sound, measured from outside: by tones in 16 bits. */
export interface ResamplingQuality {
  /** How far a tone of the pass band is from its level, at most. */
  readonly rippleDb: number;
  /** The loudest of what is heard that was not there: aliases, images and rounding, against a tone of full level. */
  readonly aliasingDb: number;
  /** What is left of a tone that the new rate cannot hold; undefined where it can hold all of the old one's. */
  readonly stopBandDb: number | undefined;
  readonly delayMs: number;
}

export type Resample = (samples: Int16Array) => Int16Array | Promise<Int16Array>;

/** The share of what both rates can hold up to which a tone keeps its level: 3.4 of a telephone's 4 kHz. */
export const PASS_SHARE = 0.85;
const AMPLITUDE = 16_000;
const SECONDS = 0.4;
/** Left out of each end of a tone, where it is none: what is left of it are 0.2 s. */
const SETTLING_SECONDS = 0.1;
/** Tones that have whole cycles in that, and so nothing of one is taken for another. */
const STEP_HZ = 5;
const TONES = 16;

export async function resamplingQuality(
  fromHz: number,
  toHz: number,
  resample: Resample,
): Promise<ResamplingQuality> {
  const nyquistHz = Math.min(fromHz, toHz) / 2;
  let [rippleDb, aliasing] = [0, 0];
  for (const hertz of spread(100, nyquistHz * PASS_SHARE)) {
    const { level, rest } = await heard(hertz, { fromHz, toHz, resample });
    rippleDb = Math.max(rippleDb, Math.abs(decibels(level)));
    aliasing = Math.max(aliasing, rest);
  }
  let stopBand: number | undefined;
  for (const hertz of fromHz > toHz ? spread(nyquistHz, fromHz / 2 - 50) : []) {
    const { all } = await heard(hertz, { fromHz, toHz, resample });
    stopBand = Math.max(stopBand ?? 0, all);
  }
  return {
    rippleDb,
    aliasingDb: decibels(Math.max(aliasing, stopBand ?? 0)),
    stopBandDb: stopBand === undefined ? undefined : decibels(stopBand),
    delayMs: await delayMs({ fromHz, toHz, resample }),
  };
}

interface Conversion {
  readonly fromHz: number;
  readonly toHz: number;
  readonly resample: Resample;
}

/** Frequencies from `low` to `high`. */
function spread(low: number, high: number): number[] {
  const between = Array.from({ length: TONES }, (_, i) => low + ((high - low) * i) / (TONES - 1));
  return between.map((hertz) => Math.ceil(hertz / STEP_HZ) * STEP_HZ);
}

function tone(hertz: number, rateHz: number): Int16Array {
  return Int16Array.from({ length: rateHz * SECONDS }, (_, i) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hertz * i) / rateHz)),
  );
}

/** Amplitudes against that of the tone: at its frequency, of all else, and of both. */
async function heard(hertz: number, conversion: Conversion) {
  const samples = await settled(hertz, conversion);
  const { amplitude } = partOf(samples, hertz / conversion.toHz);
  const power = samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length;
  const rest = Math.sqrt(Math.max(0, 2 * power - amplitude ** 2));
  return { level: amplitude / AMPLITUDE, rest: rest / AMPLITUDE, all: Math.sqrt(2 * power) / AMPLITUDE };
}

async function settled(hertz: number, { fromHz, toHz, resample }: Conversion): Promise<Int16Array> {
  const samples = await resample(tone(hertz, fromHz));
  return samples.subarray(toHz * SETTLING_SECONDS, samples.length - toHz * SETTLING_SECONDS);
}

/** By a tone of 50 Hz, so that no delay below 20 ms is taken for another. */
async function delayMs(conversion: Conversion): Promise<number> {
  const hertz = 50;
  const { phase } = partOf(await settled(hertz, conversion), hertz / conversion.toHz);
  const expected = 2 * Math.PI * hertz * SETTLING_SECONDS - Math.PI / 2;
  const turns = (expected - phase) / (2 * Math.PI);
  return ((turns - Math.floor(turns + 1e-6)) * 1_000) / hertz;
}

/** The part of `samples` at one frequency, given in cycles a sample. */
function partOf(samples: Int16Array, frequency: number): { amplitude: number; phase: number } {
  let [real, imaginary] = [0, 0];
  for (let i = 0; i < samples.length; i++) {
    const angle = 2 * Math.PI * frequency * i;
    real += (samples[i] ?? 0) * Math.cos(angle);
    imaginary -= (samples[i] ?? 0) * Math.sin(angle);
  }
  return {
    amplitude: (2 * Math.hypot(real, imaginary)) / samples.length,
    phase: Math.atan2(imaginary, real),
  };
}

function decibels(amplitude: number): number {
  return 20 * Math.log10(Math.max(amplitude, 1e-6));
}
