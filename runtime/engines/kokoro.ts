import type { EngineClient } from './engine-client.ts';
import { EngineError } from './engine-error.ts';
import { PcmSamples } from './pcm-samples.ts';
import type { SpeakRequest, SpokenPart, TextToSpeech, TextToSpeechCapabilities } from './text-to-speech.ts';

/** Speech synthesis by the interface of OpenAI's speech, as Kokoro servers have it: raw PCM, streamed. */
export class Kokoro implements TextToSpeech {
  readonly capabilities: TextToSpeechCapabilities;
  readonly #client: EngineClient;
  readonly #options: KokoroOptions;

  constructor(client: EngineClient, options: KokoroOptions) {
    this.#client = client;
    this.#options = options;
    this.capabilities = { sampleRateHz: options.sampleRateHz, timestamps: false };
  }

  get name(): string {
    return this.#client.name;
  }

  async *speak({ text, voice, speed }: SpeakRequest, signal: AbortSignal): AsyncGenerator<SpokenPart> {
    const body = JSON.stringify({
      model: this.#options.model ?? 'kokoro',
      input: text,
      voice: voice ?? this.#options.voice ?? 'af_heart',
      response_format: 'pcm',
      speed,
      stream: true,
    });
    const request = {
      path: '/v1/audio/speech',
      headers: { 'content-type': 'application/json', accept: 'audio/pcm' },
      body,
    };
    const pcm = new PcmSamples();
    let samples = 0;
    for await (const chunk of this.#client.stream(() => request, signal)) {
      const decoded = pcm.push(chunk);
      samples += decoded.length;
      if (decoded.length > 0) yield { samples: decoded };
    }
    // A sentence without sound would be dead air.
    if (samples === 0) throw new EngineError(this.name, 'engine_refused');
  }

  /** One short word: the first request loads the model. */
  async warm(signal: AbortSignal): Promise<void> {
    const warmth = this.speak({ text: 'Hello.', speed: 1 }, signal);
    for await (const _ of warmth) signal.throwIfAborted();
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

export interface KokoroOptions {
  readonly model?: string | undefined;
  /** Where a tenant names none. */
  readonly voice?: string | undefined;
  /** The rate of the PCM it answers with: Kokoro's own is 24 kHz. */
  readonly sampleRateHz: number;
}
