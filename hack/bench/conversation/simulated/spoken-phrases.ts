import { spokenPart } from '#hack/caller/spoken-part.ts';
import { type FliteVoice, synthesise } from '#hack/engines/flite.ts';
import { MU_LAW } from '#runtime/media/g711.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { PhraseEar, type SpokenPhrase } from '../phrase-ear.ts';

/** 20 ms at 8 kHz. */
const FRAME_SAMPLES = 160;
const LINE_HZ = 8_000;

/** Phrases in several voices at 8 kHz, in values that PCMU carries unchanged: a fake recogniser knows them by their samples. */
export class SpokenPhrases<Voice extends string> {
  readonly ear: PhraseEar;
  readonly voices: readonly Voice[];
  readonly #samples: ReadonlyMap<string, Int16Array>;

  constructor(spoken: readonly (SpokenPhrase & { readonly voice: Voice })[]) {
    this.ear = new PhraseEar(spoken);
    this.voices = [...new Set(spoken.map(({ voice }) => voice))];
    this.#samples = new Map(spoken.map(({ text, voice, samples }) => [keyOf(text, voice), samples]));
  }

  /** As flite speaks them. */
  static async speak(
    phrases: Iterable<string>,
    voices: readonly FliteVoice[],
  ): Promise<SpokenPhrases<FliteVoice>> {
    const spoken = [];
    for (const text of new Set(phrases)) {
      for (const voice of voices) spoken.push({ text, voice, samples: await samplesOf(text, voice) });
    }
    return new SpokenPhrases(spoken);
  }

  /** 20 ms at a time. */
  frames(text: string, voice: Voice): Int16Array[] {
    const samples = this.#samples.get(keyOf(text, voice));
    if (!samples) throw new RangeError(`nobody has spoken "${text}" in the voice ${voice}`);
    return Array.from({ length: Math.ceil(samples.length / FRAME_SAMPLES) }, (_, at) => {
      const frame = new Int16Array(FRAME_SAMPLES);
      frame.set(samples.subarray(at * FRAME_SAMPLES, (at + 1) * FRAME_SAMPLES));
      return frame;
    });
  }
}

async function samplesOf(text: string, voice: FliteVoice): Promise<Int16Array> {
  const { sampleRateHz, samples } = await synthesise(text, { voice });
  const line = new Resampler(sampleRateHz, LINE_HZ).process(spokenPart(samples));
  return line.map((sample) => MU_LAW.toLinear[MU_LAW.toCode[sample + 32_768] ?? 0] ?? 0);
}

function keyOf(text: string, voice: string): string {
  return `${voice} ${text}`;
}
