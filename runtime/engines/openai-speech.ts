import type { EngineClient } from './engine-client.ts';
import type { Exchange } from './exchange.ts';
import { HTTPSpeech } from './http-speech.ts';
import { SpeechDecoder } from './speech-decoder.ts';
import type { SpeakRequest, SpokenPart, TextToSpeechCapabilities } from './text-to-speech.ts';

/** Speech synthesis by the interface of OpenAI's speech: speaches, hosted ones. */
export class OpenAISpeech extends HTTPSpeech {
  readonly capabilities: TextToSpeechCapabilities;
  readonly #options: OpenAISpeechOptions;

  constructor(client: EngineClient, options: OpenAISpeechOptions) {
    super(client);
    this.#options = options;
    this.capabilities = { sampleRateHz: options.sampleRateHz, timestamps: false };
  }

  protected exchangeFor({ text, voice, speed }: SpeakRequest): Exchange<SpokenPart> {
    const { model, voice: ownVoice, sampleRateHz, asksForSampleRate } = this.#options;
    const body = JSON.stringify({
      model: model ?? 'tts-1',
      input: text,
      voice: voice ?? ownVoice ?? 'alloy',
      response_format: 'pcm',
      speed,
      ...(asksForSampleRate ? { sample_rate: sampleRateHz } : {}),
    });
    return {
      request: () => ({
        path: '/v1/audio/speech',
        headers: { 'content-type': 'application/json', accept: 'audio/pcm' },
        body,
      }),
      decoder: (mediaType) => new SpeechDecoder({ engine: this.name, sampleRateHz, mediaType }),
    };
  }
}

export interface OpenAISpeechOptions {
  readonly model?: string | undefined;
  /** Where a tenant names none. */
  readonly voice?: string | undefined;
  /** The rate of the raw PCM it answers with: OpenAI's own is 24 kHz. */
  readonly sampleRateHz: number;
  /** Whether that rate is asked for, which speaches serves and OpenAI refuses. */
  readonly asksForSampleRate: boolean;
}
