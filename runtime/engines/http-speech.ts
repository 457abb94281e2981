import type { EngineClient } from './engine-client.ts';
import type { Exchange } from './exchange.ts';
import { speakToWarm } from './speak-to-warm.ts';
import type { SpeakRequest, SpokenPart, TextToSpeech, TextToSpeechCapabilities } from './text-to-speech.ts';

/** A synthesiser that speaks a clause in one exchange over HTTP: an adapter says what is asked and how the answer is read. */
export abstract class HTTPSpeech implements TextToSpeech {
  abstract readonly capabilities: TextToSpeechCapabilities;
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  get name(): string {
    return this.#client.name;
  }

  speak(request: SpeakRequest, signal: AbortSignal): AsyncIterable<SpokenPart> {
    return this.#client.exchange(this.exchangeFor(request), signal);
  }

  warm(signal: AbortSignal): Promise<void> {
    return speakToWarm(this, signal);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  protected abstract exchangeFor(request: SpeakRequest): Exchange<SpokenPart>;
}
