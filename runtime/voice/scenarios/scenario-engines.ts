import type { Clock } from '#lib/clock/clock.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import type { LanguageModel } from '#runtime/engines/language-model.ts';
import type { ToolRunner } from '#runtime/tools/tool-runner.ts';
import { ScriptedModel, type ScriptedPart } from '#runtime/workflow/model/fakes/scripted-model.ts';
import type { SpeechDetectors } from '../speech-detector.ts';
import type { Scenario } from './scenario.ts';
import type { ToneWords } from './tone-words.ts';

/** Engines of a scenario: as quick as good ones are, and failing as it says. */
export function scenarioEngines(
  scenario: Scenario,
  words: ToneWords,
  clock: Clock,
): Pick<Engines, 'stt' | 'llm' | 'tts'> {
  const engine = (kind: Kind) => new FailingEngine(kind, scenario, clock);
  const [stt, llm, tts] = [engine('stt'), engine('llm'), engine('tts')];
  return {
    stt: {
      name: 'stt',
      capabilities: { sampleRateHz: 16_000, vocabulary: true },
      async transcribe({ samples }, signal) {
        await stt.begin(STT_MS, signal);
        return words.heard(samples, 16_000);
      },
      ...REST,
    },
    ...(scenario.model ? { llm: modelOf(scenario.model, llm) } : {}),
    tts: {
      name: 'tts',
      capabilities: { sampleRateHz: 24_000, timestamps: false },
      async *speak({ text }, signal) {
        const behaviour = await tts.begin(TTS_MS, signal);
        const sounds = Array.from(text, (_, at) => ({ samples: voice(at) }));
        yield* tts.answer(behaviour, sounds, signal);
      },
      ...REST,
    },
  };
}

type Kind = 'stt' | 'llm' | 'tts';
type Behaviour = Scenario[Kind][number];

/** What an engine does instead of answering, request by request. */
class FailingEngine {
  readonly #kind: Kind;
  readonly #behaviours: Behaviour[];
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  constructor(kind: Kind, scenario: Scenario, clock: Clock) {
    this.#kind = kind;
    this.#behaviours = [...scenario[kind]];
    this.#timeoutMs = scenario.engineTimeoutMs;
    this.#clock = clock;
  }

  /** Resolves when the answer begins. */
  async begin(afterMs: number, signal: AbortSignal): Promise<Behaviour> {
    const [behaviour = 'works'] = this.#behaviours;
    if (this.#behaviours.length > 1) this.#behaviours.shift();
    if (behaviour === 'hangs') await this.#timeOut(signal);
    await this.#clock.sleep(afterMs, signal);
    if (behaviour === 'fails') throw new EngineError(this.#kind, 'engine_unavailable');
    return behaviour;
  }

  /** The parts of the answer, or the first half of them. */
  async *answer<T>(behaviour: Behaviour, parts: readonly T[], signal: AbortSignal): AsyncGenerator<T, void> {
    const isWhole = behaviour === 'works';
    for (const part of isWhole ? parts : parts.slice(0, parts.length >> 1)) {
      signal.throwIfAborted();
      yield part;
    }
    if (behaviour === 'stalls') await this.#timeOut(signal);
    if (behaviour === 'breaks') throw new EngineError(this.#kind, 'engine_unavailable');
  }

  async #timeOut(signal: AbortSignal): Promise<never> {
    await this.#clock.sleep(this.#timeoutMs, signal);
    throw new EngineError(this.#kind, 'engine_timeout');
  }
}

/** Its text comes word by word. */
function modelOf(answers: NonNullable<Scenario['model']>, llm: FailingEngine): LanguageModel {
  const model = new ScriptedModel(
    answers.map((parts) =>
      parts.flatMap((part): ScriptedPart[] =>
        typeof part === 'string' ? [...(part.match(/\s*\S+/g) ?? [])] : [part],
      ),
    ),
  );
  return {
    name: model.name,
    async *chat(request, signal) {
      const behaviour = await llm.begin(LLM_MS, signal);
      const parts = await Array.fromAsync(model.chat(request, signal));
      yield* llm.answer(behaviour, parts, signal);
    },
    ...REST,
  };
}

/** The tenant's own tools; what they are called with is noted. */
export function scenarioTools(
  scenario: Scenario,
  clock: Clock,
  signal: AbortSignal,
  note: (text: string) => void,
): Pick<ToolRunner, 'run'> {
  const script = [...scenario.tools];
  return {
    async run({ tool, call }) {
      note(`tool ${tool.name} ${JSON.stringify(call.arguments)}`);
      const { answers, afterMs } = script.shift() ?? { answers: 'done', afterMs: 0 };
      await clock.sleep(afterMs, signal).catch(() => undefined);
      return { kind: 'ok', text: answers };
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
const SPEECH_LEVEL = 150;
/** The pace of the agent. */
export const MS_PER_CHARACTER = 60;
const REST = { warm: () => Promise.resolve(), close: () => Promise.resolve() };

/** A hum below all the words of callers, as long as a character takes. */
function voice(character: number): Int16Array {
  const samples = (24_000 * MS_PER_CHARACTER) / 1_000;
  return Int16Array.from({ length: samples }, (_, i) =>
    Math.round(5_600 * Math.sin((2 * Math.PI * 250 * (character * samples + i)) / 24_000)),
  );
}
