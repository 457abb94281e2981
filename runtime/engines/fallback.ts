import { engineName } from '#crds/voice-runtime/engine-key.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { EngineError } from './engine-error.ts';
import type { ChatPart, ChatRequest, LanguageModel } from './language-model.ts';
import type { SpeechToText } from './speech-to-text.ts';
import type { SpeakRequest, SpokenPart, TextToSpeech } from './text-to-speech.ts';

/** Recognisers in order of preference: the next is asked when one fails. At least one is given. */
export function firstSpeechToText(engines: readonly [SpeechToText, ...SpeechToText[]]): SpeechToText {
  const [first] = engines;
  if (engines.length === 1) return first;
  return {
    name: first.name,
    capabilities: first.capabilities,
    async transcribe(request, signal) {
      for (const engine of engines.slice(0, -1)) {
        try {
          return await engine.transcribe(request, signal);
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
        }
      }
      return (engines.at(-1) ?? first).transcribe(request, signal);
    },
    warm: (signal) => warmAny(engines, signal),
    close: () => closeAll(engines),
  };
}

/**
 * Language models in order of preference. The next is asked when one fails before its first part;
 * later the answer is lost, as some of it was spoken. A conversation that is too long for one is
 * not given to the next: whoever asks shortens it.
 */
export function firstLanguageModel(engines: readonly [LanguageModel, ...LanguageModel[]]): LanguageModel {
  const [first] = engines;
  if (engines.length === 1) return first;
  return {
    name: first.name,
    chat: (request, signal) =>
      firstAnswer(engines, (engine, index) => chatWith(engine, index, request, signal)),
    warm: (signal) => warmAny(engines, signal),
    close: () => closeAll(engines),
  };
}

/** A tenant's model belongs to the preferred engine; another answers with its own. */
function chatWith(
  engine: LanguageModel,
  index: number,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncIterable<ChatPart> {
  return engine.chat(index === 0 ? request : { ...request, model: undefined }, signal);
}

/**
 * Synthesisers in order of preference, at the rate of the first. The one that the request names is asked before the
 * others; the next when one fails before its first sample; later the clause is lost, as half of it was played.
 */
export function firstTextToSpeech(engines: readonly [TextToSpeech, ...TextToSpeech[]]): TextToSpeech {
  const [first] = engines;
  if (engines.length === 1) return first;
  const { sampleRateHz } = first.capabilities;
  return {
    name: first.name,
    capabilities: first.capabilities,
    speak(request, signal) {
      const { named, order } = inOrderFor(request, engines);
      return firstAnswer(order, (engine) =>
        atRate(
          engine.speak(engine === named ? request : { ...request, voice: undefined }, signal),
          engine.capabilities.sampleRateHz,
          sampleRateHz,
        ),
      );
    },
    warm: (signal) => warmAny(engines, signal),
    close: () => closeAll(engines),
  };
}

/**
 * The engines in the order in which they are asked, and the one whose own voice the request names: voices belong to an
 * engine, and another speaks with its own.
 */
function inOrderFor({ engine: name }: SpeakRequest, engines: readonly [TextToSpeech, ...TextToSpeech[]]) {
  const named = name === undefined ? engines[0] : engines.find((one) => one.name === engineName('tts', name));
  return { named, order: named ? [named, ...engines.filter((one) => one !== named)] : engines };
}

/** The same parts at another rate; the tail of the resampler is a part of its own. */
async function* atRate(
  parts: AsyncIterable<SpokenPart>,
  fromHz: number,
  toHz: number,
): AsyncGenerator<SpokenPart> {
  if (fromHz === toHz) {
    yield* parts;
    return;
  }
  const resampler = new Resampler(fromHz, toHz);
  for await (const part of parts) yield { ...part, samples: resampler.process(part.samples) };
  yield { samples: resampler.flush() };
}

/** The parts of the first engine that begins to answer. */
async function* firstAnswer<Engine, Part>(
  engines: readonly Engine[],
  ask: (engine: Engine, index: number) => AsyncIterable<Part>,
): AsyncGenerator<Part> {
  for (const [index, engine] of engines.entries()) {
    let started = false;
    try {
      for await (const part of ask(engine, index)) {
        started = true;
        yield part;
      }
      return;
    } catch (error) {
      if (started || index === engines.length - 1 || !mayDoBetter(error)) throw error;
    }
  }
}

function mayDoBetter(error: unknown): boolean {
  return error instanceof EngineError && error.code !== 'engine_context_exceeded';
}

/** A pod can take calls as soon as one engine of the kind answers. */
async function warmAny(engines: readonly Warmable[], signal: AbortSignal): Promise<void> {
  await Promise.any(engines.map((engine) => engine.warm(signal)));
}

async function closeAll(engines: readonly Warmable[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine.close()));
}

interface Warmable {
  warm(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
