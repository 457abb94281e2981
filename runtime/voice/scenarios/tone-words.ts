/**
 * Words as sound, for calls on a fake clock: each word of a scenario is a tone of its own, so that a fake recogniser
 * hears exactly what got through: cut, mixed with an echo, coded and resampled as it was.
 */
export class ToneWords {
  readonly #words: readonly string[];

  constructor(texts: readonly string[]) {
    this.#words = [...new Set(texts.flatMap(wordsOf))];
    if (this.#words.length > MAX_WORDS) throw new RangeError(`a scenario has ${MAX_WORDS} different words`);
  }

  /** A text as speech at 8 kHz; `[800]` in it is a pause of so many milliseconds. */
  speech(text: string, amplitude = AMPLITUDE): Int16Array {
    const pieces = text.split(/(\[\d+\])/).flatMap((part) => {
      const pause = /^\[(\d+)\]$/.exec(part);
      return pause
        ? [new Int16Array(Number(pause[1]) * 8)]
        : wordsOf(part).flatMap((word) => this.#word(word, amplitude));
    });
    const samples = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      samples.set(piece, at);
      at += piece.length;
    }
    return samples;
  }

  /** The words whose tones are heard, in order. */
  heard(samples: Int16Array, sampleRateHz: number): string {
    const window = (sampleRateHz * WINDOW_MS) / 1_000;
    const heard: string[] = [];
    let run: { readonly word: string | undefined; length: number } = { word: undefined, length: 0 };
    for (let at = 0; at + window <= samples.length; at += window) {
      const word = this.#loudest(samples.subarray(at, at + window), sampleRateHz);
      if (word === run.word) run.length++;
      else run = { word, length: 1 };
      // Half of the shortest word.
      if (word !== undefined && run.length === 4) heard.push(word);
    }
    return heard.join(' ');
  }

  #word(word: string, amplitude: number): Int16Array[] {
    const hz = this.#hzOf(this.#words.indexOf(word));
    const ms = Math.max(160, word.length * 60);
    const tone = Int16Array.from(
      { length: ms * 8 },
      (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / 8_000),
    );
    return [tone, new Int16Array(GAP_MS * 8)];
  }

  #loudest(samples: Int16Array, sampleRateHz: number): string | undefined {
    const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
    let best: { readonly share: number; readonly word: string } | undefined;
    for (const [index, word] of this.#words.entries()) {
      const share = power(samples, this.#hzOf(index), sampleRateHz) / Math.max(1, energy);
      if (share > (best?.share ?? MIN_SHARE)) best = { share, word };
    }
    return energy / samples.length < QUIET ** 2 ? undefined : best?.word;
  }

  #hzOf(index: number): number {
    return 300 + index * STEP_HZ;
  }
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** The share of a frequency in the samples, by Goertzel's algorithm. */
function power(samples: Int16Array, hz: number, sampleRateHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / sampleRateHz);
  let [before, last] = [0, 0];
  for (const sample of samples) [before, last] = [last, sample + coefficient * last - before];
  return (2 * (last * last + before * before - coefficient * last * before)) / samples.length;
}

const AMPLITUDE = 8_000;
const MAX_WORDS = 60;
/** From 300 to 3,300 Hz. */
const STEP_HZ = 50;
const WINDOW_MS = 20;
const GAP_MS = 40;
const MIN_SHARE = 0.35;
const QUIET = 60;
