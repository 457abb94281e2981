import type { Clock } from '#lib/clock/clock.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import { ScriptedModel } from '#runtime/workflow/model/fakes/scripted-model.ts';
import type { SpeechDetectors } from '../speech-detector.ts';
import type { Scenario } from './scenario.ts';
import type { ToneWords } from './tone-words.ts';

/** Engines of a scenario: as quick as good ones are, and failing as it says. */
export function scenarioEngines(
  scenario: Scenario,
  words: ToneWords,
  clock: Clock,
): Pick<Engines, 'stt' | 'llm' | 'tts'> {
  const behaviours = { stt: [...scenario.stt], llm: [...scenario.llm], tts: [...scenario.tts] };
  const next = (kind: 'stt' | 'llm' | 'tts') => {
    const [behaviour = 'works'] = behaviours[kind];
    if (behaviours[kind].length > 1) behaviours[kind].shift();
    return behaviour;
  };
  const begin = async (kind: 'stt' | 'llm' | 'tts', afterMs: number, signal: AbortSignal) => {
    const behaviour = next(kind);
    await clock.sleep(behaviour === 'hangs' ? TIMEOUT_MS : afterMs, signal);
    if (behaviour === 'hangs') throw new EngineError(kind, 'engine_timeout');
    if (behaviour === 'fails') throw new EngineError(kind, 'engine_unavailable');
    return behaviour;
  };
  const model =
    scenario.model &&
    new ScriptedModel(scenario.model, async (signal) => void (await begin('llm', LLM_MS, signal)));
  return {
    stt: {
      name: 'stt',
      capabilities: { sampleRateHz: 16_000, vocabulary: true },
      async transcribe({ samples }, signal) {
        await begin('stt', STT_MS, signal);
        return words.heard(samples, 16_000);
      },
      ...REST,
    },
    ...(model ? { llm: model } : {}),
    tts: {
      name: 'tts',
      capabilities: { sampleRateHz: 24_000, timestamps: false },
      async *speak({ text }, signal) {
        const behaviour = await begin('tts', TTS_MS, signal);
        const characters = behaviour === 'breaks' ? text.length >> 1 : text.length;
        for (let at = 0; at < characters; at++) {
          signal.throwIfAborted();
          yield { samples: voice(at) };
        }
        if (behaviour === 'breaks') throw new EngineError('tts', 'engine_unavailable');
      },
      ...REST,
    },
  };
}

/** Takes for speech what is loud enough. */
export const scenarioDetectors: SpeechDetectors = {
  open: () => ({
    detect(frame, done) {
      const power = frame.reduce((sum, sample) => sum + sample * sample, 0) / frame.length;
      done(power >= SPEECH_LEVEL ** 2 ? 1 : 0);
    },
    close: () => {},
  }),
};

/** Published figures of good engines: see the targets of the bench. */
const STT_MS = 250;
const LLM_MS = 300;
const TTS_MS = 200;
const TIMEOUT_MS = 5_000;
const SPEECH_LEVEL = 150;
const MS_PER_CHARACTER = 60;
const REST = { warm: () => Promise.resolve(), close: () => Promise.resolve() };

/** A hum below all the words of callers, as long as a character takes. */
function voice(character: number): Int16Array {
  const samples = (24_000 * MS_PER_CHARACTER) / 1_000;
  return Int16Array.from({ length: samples }, (_, i) =>
    Math.round(5_600 * Math.sin((2 * Math.PI * 250 * (character * samples + i)) / 24_000)),
  );
}
