/** A phrase as it was spoken. */
export interface SpokenPhrase {
  readonly text: string;
  readonly samples: Int16Array;
}

/**
 * A recogniser that never errs and takes no time: finds known phrases in audio by a run of their own samples, which an
 * L16 line carries unchanged. The run lies in the phrase's last half, so that one which was cut short is not heard.
 */
export class PhraseEar {
  /** By the first two samples of their runs. */
  readonly #runs = new Map<number, Run[]>();

  constructor(phrases: readonly SpokenPhrase[]) {
    for (const { text, samples } of phrases) {
      const run = { text, samples: loudestRun(samples.subarray(samples.length >> 1)) };
      const key = keyAt(run.samples, 0);
      this.#runs.set(key, [...(this.#runs.get(key) ?? []), run]);
    }
    for (const { text, samples } of phrases) {
      const heard = this.hear(samples);
      if (heard !== text) throw new RangeError(`"${text}" is heard as "${heard}"`);
    }
  }

  /** The phrases in the audio, in their order, with a space between them. */
  hear(audio: Int16Array): string {
    const texts: string[] = [];
    for (let at = 0; at + RUN_SAMPLES <= audio.length; at++) {
      const run = this.#runs.get(keyAt(audio, at))?.find(({ samples }) => isAt(audio, at, samples));
      if (!run) continue;
      texts.push(run.text);
      at += RUN_SAMPLES;
    }
    return texts.join(' ');
  }
}

interface Run {
  readonly text: string;
  readonly samples: Int16Array;
}

/** 8 ms at 16 kHz: long enough for two phrases that share words to differ. */
const RUN_SAMPLES = 128;

function loudestRun(samples: Int16Array): Int16Array {
  const loudestAt = samples.reduce(
    (best, sample, at) => (Math.abs(sample) > Math.abs(samples[best] ?? 0) ? at : best),
    0,
  );
  const from = Math.min(Math.max(0, loudestAt - RUN_SAMPLES / 2), samples.length - RUN_SAMPLES);
  return samples.subarray(from, from + RUN_SAMPLES);
}

function keyAt(samples: Int16Array, at: number): number {
  return (samples[at] ?? 0) * 65_536 + (samples[at + 1] ?? 0);
}

function isAt(audio: Int16Array, at: number, run: Int16Array): boolean {
  for (let i = 0; i < run.length; i++) if (audio[at + i] !== run[i]) return false;
  return true;
}
