import { answerByRules, type Rules } from '#hack/engines/rule-model.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import type { ChatPart, LanguageModel } from '#runtime/engines/language-model.ts';
import type { BenchEngines, EngineDelays, EngineKind } from '../../bench-engines.ts';
import type { PhraseEar } from '../phrase-ear.ts';

export interface SimulatedEngines
  extends Pick<Engines, 'stt' | 'llm' | 'tts'>,
    Pick<BenchEngines, 'delaysMs'> {}

interface SimulatedEnginesOptions {
  readonly clock: Clock;
  readonly delays: EngineDelays;
  readonly ear: PhraseEar;
  /** What the language model answers by; absent: there is none. */
  readonly rules: Rules | undefined;
}

/** Engines on a fake clock that take as long as is drawn: what `startBenchEngines` is over HTTP. */
export function simulatedEngines({ clock, delays, ear, rules }: SimulatedEnginesOptions): SimulatedEngines {
  const delaysMs: Record<EngineKind, number[]> = { stt: [], llm: [], tts: [] };
  const wait = async (kind: EngineKind, signal: AbortSignal) => {
    const ms = delays[kind]();
    delaysMs[kind].push(ms);
    await clock.sleep(ms, signal);
  };
  return {
    delaysMs,
    stt: {
      name: 'stt',
      capabilities: { sampleRateHz: LINE_HZ, vocabulary: false },
      async transcribe({ samples }, signal) {
        await wait('stt', signal);
        return ear.hear(samples);
      },
      ...REST,
    },
    ...(rules ? { llm: modelOf(rules, clock, (signal) => wait('llm', signal)) } : {}),
    tts: {
      name: 'tts',
      capabilities: { sampleRateHz: LINE_HZ, timestamps: false },
      async *speak({ text }, signal) {
        await wait('tts', signal);
        yield { samples: new Int16Array(text.length * SAMPLES_PER_CHARACTER).fill(LEVEL) };
      },
      ...REST,
    },
  };
}

/** Nothing has to be resampled, which the recogniser would not know again. */
const LINE_HZ = 8_000;
/** About 15 characters a second. */
const SAMPLES_PER_CHARACTER = (LINE_HZ * 65) / 1_000;
const LEVEL = 4_000;
/** As the model of the other benches. */
const MS_A_TOKEN = 1_000 / 60;
const TOKENS_OF_A_CALL = 2;
const REST = { warm: () => Promise.resolve(), close: () => Promise.resolve() };

/** A word a token; the calls of tools are known when the answer is whole, and that it says no more when they begin. */
function modelOf(
  rules: Rules,
  clock: Clock,
  firstToken: (signal: AbortSignal) => Promise<void>,
): LanguageModel {
  return {
    name: 'llm',
    async *chat({ messages, toolChoice }, signal) {
      await firstToken(signal);
      const calls: ChatPart[] = [];
      let hasSaid = false;
      for (const part of answerByRules(rules, messages)) {
        if (typeof part === 'string') {
          hasSaid = true;
          for (const text of part.match(/\S+\s*/g) ?? []) {
            yield { type: 'text', text };
            await clock.sleep(MS_A_TOKEN, signal);
          }
        } else if (toolChoice !== 'none') {
          const id = `call-${calls.length}`;
          if (hasSaid && calls.length === 0) yield { type: 'text', text: ' ' };
          calls.push({ type: 'toolCall', id, name: part.name, arguments: JSON.parse(part.arguments) });
          await clock.sleep(TOKENS_OF_A_CALL * MS_A_TOKEN, signal);
        }
      }
      yield* calls;
      yield { type: 'finish', reason: calls.length > 0 ? 'toolCalls' : 'stop' };
    },
    ...REST,
  };
}
