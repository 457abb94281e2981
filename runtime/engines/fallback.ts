import { EngineError } from './engine-error.ts';
import type { SpeechToText } from './speech-to-text.ts';
import type { SpeakRequest, TextToSpeech } from './text-to-speech.ts';

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
 * Synthesisers in order of preference, all at one sample rate. The next is asked when one fails
 * before its first sample; later the clause is lost, as half of it was played.
 */
export function firstTextToSpeech(engines: readonly [TextToSpeech, ...TextToSpeech[]]): TextToSpeech {
  const [first] = engines;
  if (engines.length === 1) return first;
  return {
    name: first.name,
    capabilities: first.capabilities,
    speak: (request, signal) => speakByAny(engines, request, signal),
    warm: (signal) => warmAny(engines, signal),
    close: () => closeAll(engines),
  };
}

async function* speakByAny(
  engines: readonly TextToSpeech[],
  request: SpeakRequest,
  signal: AbortSignal,
): AsyncGenerator<Int16Array> {
  for (const [index, engine] of engines.entries()) {
    let started = false;
    // A tenant's voice belongs to the preferred engine; another speaks with its own.
    const own = index === 0 ? request : { text: request.text, speed: request.speed };
    try {
      for await (const samples of engine.speak(own, signal)) {
        started = true;
        yield samples;
      }
      return;
    } catch (error) {
      if (started || index === engines.length - 1 || !(error instanceof EngineError)) throw error;
    }
  }
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
