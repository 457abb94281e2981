import type { TextToSpeech } from './text-to-speech.ts';

/** Speaks one short word to nobody: the first request loads the model. */
export async function speakToWarm(engine: TextToSpeech, signal: AbortSignal): Promise<void> {
  for await (const _ of engine.speak({ text: 'Hello.', speed: 1 }, signal)) signal.throwIfAborted();
}
