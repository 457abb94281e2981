import type { Engines as EnginesConfig } from '#crds/voice-runtime/engine.ts';
import { type EngineKind, engineKeyVariable, engineName } from '#crds/voice-runtime/engine-key.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { EngineClient, type EngineObserver } from './engine-client.ts';
import { firstLanguageModel, firstSpeechToText, firstTextToSpeech } from './fallback.ts';
import { Kokoro } from './kokoro.ts';
import type { LanguageModel } from './language-model.ts';
import { OpenAIChat } from './openai-chat.ts';
import { OpenAISpeech } from './openai-speech.ts';
import type { SpeechToText } from './speech-to-text.ts';
import type { TextToSpeech } from './text-to-speech.ts';
import { Whisper } from './whisper.ts';
import { XTTS } from './xtts.ts';

/** A pod's engines, shared by all its calls. */
export interface Engines {
  readonly stt: SpeechToText;
  /** Absent: workflows are asked step by step. */
  readonly llm?: LanguageModel;
  readonly tts: TextToSpeech;
  /** Resolves when one engine of each kind has answered; the pod is not ready before. */
  warm(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * The engines of a VoiceRuntime, whose endpoints are known by now. Throws `engine_endpoint_missing`
 * or `engine_key_missing` where something of an engine is not.
 */
export function createEngines(config: EnginesConfig, options: CreateEnginesOptions): Engines {
  const stt = firstSpeechToText(ladder(config.stt, (engine, at) => speechToText(engine, at, options)));
  const tts = firstTextToSpeech(ladder(config.tts, (engine, at) => textToSpeech(engine, at, options)));
  const llm =
    config.llm && firstLanguageModel(ladder(config.llm, (engine, at) => languageModel(engine, at, options)));
  const all = [stt, tts, ...(llm ? [llm] : [])];
  return {
    stt,
    ...(llm ? { llm } : {}),
    tts,
    async warm(signal) {
      await Promise.all(all.map((engine) => engine.warm(signal)));
    },
    async close() {
      await Promise.all(all.map((engine) => engine.close()));
    },
  };
}

/** The preferred engine and its fallbacks, each with its position. */
function ladder<Config, Engine>(
  { fallbacks, ...preferred }: Config & { readonly fallbacks: readonly Config[] },
  make: (config: Config, position: number) => Engine,
): [Engine, ...Engine[]] {
  return [make(preferred as Config, 0), ...fallbacks.map((fallback, index) => make(fallback, index + 1))];
}

export interface CreateEnginesOptions {
  readonly clock: Clock;
  readonly observer: EngineObserver;
  /** The keys of APIs by the variables that `engineKeyVariable` names. */
  readonly apiKeys: Readonly<Record<string, unknown>>;
}

type SttConfig = Omit<EnginesConfig['stt'], 'fallbacks'>;
type LlmConfig = Omit<NonNullable<EnginesConfig['llm']>, 'fallbacks'>;
type TtsConfig = Omit<EnginesConfig['tts'], 'fallbacks'>;

function speechToText(config: SttConfig, position: number, options: CreateEnginesOptions): SpeechToText {
  const { type, responseFormat } = config;
  return new Whisper(clientOf('stt', config, { position, ...options }), {
    path: type === 'Whisper' ? '/v1/audio/transcriptions' : '/inference',
    model: modelOf(config),
    answer: responseFormat && TRANSCRIPT_FORMS[responseFormat],
  });
}

const TRANSCRIPT_FORMS = { VerboseJSON: 'verbose', JSON: 'plain', EventStream: 'stream' } as const;

function languageModel(config: LlmConfig, position: number, options: CreateEnginesOptions): LanguageModel {
  const stallTimeoutMs = config.stallTimeoutSeconds * 1000;
  return new OpenAIChat(clientOf('llm', config, { position, stallTimeoutMs, ...options }), {
    model: modelOf(config),
  });
}

function textToSpeech(config: TtsConfig, position: number, options: CreateEnginesOptions): TextToSpeech {
  const client = clientOf('tts', config, { position, ...options });
  const { type, voice, sampleRateHertz: sampleRateHz } = config;
  const common = { model: modelOf(config), voice, sampleRateHz };
  if (type === 'XTTS') return new XTTS(client, common);
  if (type === 'Kokoro') return new Kokoro(client, { ...common, timestamps: config.wordTimestamps });
  return new OpenAISpeech(client, { ...common, asksForSampleRate: config.sendSampleRate });
}

function clientOf(
  kind: EngineKind,
  config: SttConfig | LlmConfig | TtsConfig,
  {
    position,
    apiKeys,
    ...options
  }: CreateEnginesOptions & {
    readonly position: number;
    readonly stallTimeoutMs?: number;
  },
): EngineClient {
  const { name, endpoint, secretRef, timeoutSeconds } = config;
  if (!endpoint) {
    throw new OperatingError('engine_endpoint_missing', `engines.${kind} "${name}" has no endpoint`);
  }
  const variable = engineKeyVariable(kind, position);
  const apiKey = secretRef === undefined ? undefined : apiKeys[variable];
  if (secretRef !== undefined && typeof apiKey !== 'string') {
    throw new OperatingError(
      'engine_key_missing',
      `engines.${kind} "${name}" has a secretRef: set ${variable}`,
    );
  }
  return new EngineClient({
    ...options,
    name: engineName(kind, name),
    endpoint,
    timeoutMs: timeoutSeconds * 1000,
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
  });
}

function modelOf(config: SttConfig | LlmConfig | TtsConfig): string | undefined {
  return config.model ?? config.deployment?.model;
}
