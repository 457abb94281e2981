import type { EngineClient } from './engine-client.ts';
import { EngineError } from './engine-error.ts';
import type { EngineRequest } from './exchange.ts';
import type { SpeechToText, TranscribeRequest } from './speech-to-text.ts';
import { spokenWords } from './spoken-words.ts';
import { TranscriptObject, TranscriptStream } from './transcript-decoder.ts';
import { wavOf } from './wav.ts';

/**
 * Speech recognition by the interface of OpenAI's transcriptions, which Whisper servers have
 * (speaches, vLLM), and by whisper.cpp's server, which differs in its path.
 */
export class Whisper implements SpeechToText {
  readonly capabilities = { sampleRateHz: SAMPLE_RATE_HZ, vocabulary: true };
  readonly #client: EngineClient;
  readonly #options: WhisperOptions;
  /** How the server answers; undefined until it was learnt. */
  #answer: TranscriptForm | undefined;

  constructor(client: EngineClient, options: WhisperOptions) {
    this.#client = client;
    this.#options = options;
    this.#answer = options.answer;
  }

  get name(): string {
    return this.#client.name;
  }

  async transcribe(request: TranscribeRequest, signal: AbortSignal): Promise<string> {
    const wav = wavOf(request.samples, SAMPLE_RATE_HZ);
    const prompt = request.vocabulary.join(', ');
    const form = (answer: TranscriptForm) =>
      this.#request({ wav, prompt, language: request.language, answer });
    const words = spokenWords(await this.#inKnownForm(form, signal));
    // On silence Whisper may write down what it was told to expect.
    return request.vocabulary.length >= MIN_ECHO_WORDS && sameWords(words, prompt) ? '' : words;
  }

  /** Half a second of silence, which loads the model and shows in which form the server answers. */
  async warm(signal: AbortSignal): Promise<void> {
    const samples = new Int16Array(SAMPLE_RATE_HZ / 2);
    await this.transcribe({ samples, language: 'en', vocabulary: [] }, signal);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** The verbose form says what is hardly speech, but not every server has it: then the plain one. */
  async #inKnownForm(form: (answer: TranscriptForm) => EngineRequest, signal: AbortSignal): Promise<string> {
    if (this.#answer) return this.#ask(form(this.#answer), signal);
    try {
      const text = await this.#ask(form('verbose'), signal);
      this.#answer = 'verbose';
      return text;
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'engine_refused')) throw error;
    }
    const text = await this.#ask(form('plain'), signal);
    this.#answer = 'plain';
    return text;
  }

  async #ask(request: EngineRequest, signal: AbortSignal): Promise<string> {
    const parts = this.#client.exchange(
      {
        request: () => request,
        decoder: (mediaType) =>
          mediaType === 'text/event-stream'
            ? new TranscriptStream(this.name)
            : new TranscriptObject(this.name),
      },
      signal,
    );
    let transcript = '';
    for await (const { text, whole } of parts) transcript = whole ? text : transcript + text;
    return transcript;
  }

  #request({ wav, prompt, language, answer }: Question): EngineRequest {
    const boundary = `----veralux-${crypto.randomUUID()}`;
    const fields: [string, string][] = [
      ['model', this.#options.model ?? DEFAULT_MODEL],
      ['response_format', answer === 'verbose' ? 'verbose_json' : 'json'],
      ['language', language.split('-')[0] ?? language],
      ['temperature', '0'],
    ];
    if (answer === 'stream') fields.push(['stream', 'true']);
    if (prompt !== '') fields.push(['prompt', prompt]);
    const head = fields.map(([name, value]) => `${part(boundary, name)}\r\n\r\n${value}\r\n`).join('');
    const file = `${part(boundary, 'file')}; filename="utterance.wav"\r\nContent-Type: audio/wav\r\n\r\n`;
    return {
      path: this.#options.path,
      headers: {
        'content-type': `multipart/form-data; boundary=${boundary}`,
        accept: 'application/json, text/event-stream',
      },
      body: Buffer.concat([Buffer.from(head + file), wav, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    };
  }
}

export interface WhisperOptions {
  /** `/v1/audio/transcriptions`, or whisper.cpp's `/inference`. */
  readonly path: string;
  readonly model?: string | undefined;
  /** The form of answers; absent: verbose where the server has it, else plain. */
  readonly answer?: TranscriptForm | undefined;
}

/** `verbose`: with what is hardly speech. `plain`: the text alone. `stream`: the text, segment by segment. */
export type TranscriptForm = 'verbose' | 'plain' | 'stream';

interface Question {
  readonly wav: Buffer;
  readonly prompt: string;
  readonly language: string;
  readonly answer: TranscriptForm;
}

/** Whisper's own rate. */
const SAMPLE_RATE_HZ = 16_000;
/** The interface requires a model; servers of a single one take any name. */
const DEFAULT_MODEL = 'whisper-1';
/** Callers do say one or two of the expected words and nothing else. */
const MIN_ECHO_WORDS = 3;

function part(boundary: string, name: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
}

function sameWords(a: string, b: string): boolean {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.join(' ');
  return plain(a) === plain(b);
}
