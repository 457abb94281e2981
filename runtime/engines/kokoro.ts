import { CaptionedSpeechDecoder } from './captioned-speech-decoder.ts';
import type { EngineClient } from './engine-client.ts';
import type { Exchange } from './exchange.ts';
import { HTTPSpeech } from './http-speech.ts';
import { SpeechDecoder } from './speech-decoder.ts';
import type { SpeakRequest, SpokenPart, TextToSpeechCapabilities } from './text-to-speech.ts';

/** Speech synthesis by Kokoro-FastAPI: streamed PCM, and where it is wanted, when each word is spoken. */
export class Kokoro extends HTTPSpeech {
  readonly capabilities: TextToSpeechCapabilities;
  readonly #options: KokoroOptions;

  constructor(client: EngineClient, options: KokoroOptions) {
    super(client);
    this.#options = options;
    this.capabilities = { sampleRateHz: options.sampleRateHz, timestamps: options.timestamps };
  }

  protected exchangeFor({ text, voice, speed }: SpeakRequest): Exchange<SpokenPart> {
    const { model, voice: ownVoice, sampleRateHz, timestamps } = this.#options;
    const body = JSON.stringify({
      model: model ?? 'kokoro',
      input: text,
      voice: voice ?? ownVoice ?? 'af_heart',
      response_format: 'pcm',
      speed,
      stream: true,
      ...(timestamps ? { return_timestamps: true } : {}),
    });
    return {
      request: () => ({
        path: timestamps ? '/dev/captioned_speech' : '/v1/audio/speech',
        headers: { 'content-type': 'application/json', accept: timestamps ? '*/*' : 'audio/pcm' },
        body,
      }),
      decoder: (mediaType) =>
        timestamps
          ? new CaptionedSpeechDecoder(this.name)
          : new SpeechDecoder({ engine: this.name, sampleRateHz, mediaType }),
    };
  }
}

export interface KokoroOptions {
  readonly model?: string | undefined;
  /** Where a tenant names none. */
  readonly voice?: string | undefined;
  /** The rate of the PCM it answers with: Kokoro's own is 24 kHz. */
  readonly sampleRateHz: number;
  /** Whether words are asked for, by an interface that is Kokoro-FastAPI's own. */
  readonly timestamps: boolean;
}
