import type { Clock } from '#lib/clock/clock.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import type { SpeechDetectors } from '../speech-detector.ts';

/** Engines that answer from a script: what is heard, one entry an utterance, and speech of a fixed pace. */
export function scriptedEngines(clock: Clock, script: EngineScript): Pick<Engines, 'stt' | 'tts'> {
  const heard = [...script.heard];
  return {
    stt: {
      name: 'scripted stt',
      capabilities: { sampleRateHz: 16_000, vocabulary: true },
      async transcribe(_request, signal) {
        script.onRequest?.('stt');
        await clock.sleep(200, signal);
        const next = heard.shift();
        if (next instanceof Error) throw next;
        return next ?? '';
      },
      warm: async () => {},
      close: async () => {},
    },
    tts: {
      name: 'scripted tts',
      capabilities: { sampleRateHz: 24_000, timestamps: false },
      async *speak({ text }, signal) {
        script.onRequest?.('tts');
        const failure = script.speaking?.shift();
        await clock.sleep(script.soundAfterMs ?? 100, signal);
        if (failure) throw failure;
        for (let i = 0; i < text.length; i++) {
          signal.throwIfAborted();
          yield { samples: new Int16Array((24_000 * MS_PER_CHARACTER) / 1000).fill(4_000) };
        }
      },
      warm: async () => {},
      close: async () => {},
    },
  };
}

export interface EngineScript {
  readonly heard: readonly (string | Error)[];
  /** A failure for each clause to be spoken, or undefined where it is spoken. */
  readonly speaking?: (Error | undefined)[];
  /** How long the voice takes for its first sound. Default: 100 ms. */
  readonly soundAfterMs?: number;
  /** Told of each request when it comes. */
  readonly onRequest?: (engine: 'stt' | 'tts') => void;
}

/** The pace of the scripted voice. */
export const MS_PER_CHARACTER = 50;

/** Takes loud frames for speech. */
export const loudnessDetectors: SpeechDetectors = {
  open: () => ({
    detect: (frame, done) => done(frame.some((sample) => Math.abs(sample) > 1_000) ? 1 : 0),
    close: () => {},
  }),
};
