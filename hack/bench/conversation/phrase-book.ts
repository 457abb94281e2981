import type { SpokenTurn } from '#hack/caller/pausing-caller.ts';
import { spokenPart } from '#hack/caller/spoken-part.ts';
import { type FliteVoice, synthesise } from '#hack/engines/flite.ts';
import { CodedAudio } from '#hack/standins/telnyx/media/coded-audio.ts';
import { FRAME_MS } from '#hack/standins/telnyx/media/play-out.ts';
import { concatenated } from '#runtime/media/concatenated.ts';
import type { Phrasing } from './interview.ts';
import { PhraseEar, type SpokenPhrase } from './phrase-ear.ts';

/** All phrases that callers say, spoken by flite in several voices before the clock starts. */
export class PhraseBook {
  readonly ear: PhraseEar;
  readonly #audio: ReadonlyMap<string, CodedAudio>;

  private constructor(audio: ReadonlyMap<string, CodedAudio>, spoken: readonly SpokenPhrase[]) {
    this.#audio = audio;
    this.ear = new PhraseEar(spoken);
  }

  static async speak(phrases: Iterable<string>, voices: readonly FliteVoice[]): Promise<PhraseBook> {
    const audio = new Map<string, CodedAudio>();
    const spoken: SpokenPhrase[] = [];
    for (const text of new Set(phrases)) {
      for (const voice of voices) {
        const { sampleRateHz, samples } = await synthesise(text, { voice });
        const phrase = new CodedAudio({ sampleRateHz, samples: spokenPart(samples) });
        audio.set(keyOf(voice, text), phrase);
        spoken.push({ text, samples: concatenated(phrase.frames.map(({ samples }) => samples)) });
      }
    }
    return new PhraseBook(audio, spoken);
  }

  /** A turn with a pause of so many milliseconds, as drawn, between each two phrases. */
  turn(phrasing: Phrasing, voice: FliteVoice, drawPauseMs: () => number): SpokenTurn {
    const frames = phrasing.flatMap((text, index): SpokenTurn['frames'] => {
      const phrase = this.#audio.get(keyOf(voice, text));
      if (!phrase) throw new RangeError(`nobody has spoken "${text}" in the voice ${voice}`);
      if (index === 0) return phrase.frames;
      const pause = Array.from({ length: Math.round(drawPauseMs() / FRAME_MS) }, () => undefined);
      return [...pause, ...phrase.frames];
    });
    return { text: phrasing.join(' | '), frames };
  }
}

function keyOf(voice: FliteVoice, text: string): string {
  return `${voice} ${text}`;
}
