import type { Engines as EnginesConfig } from '#crds/voice-runtime/engine.ts';
import { engineKeyVariable } from '#crds/voice-runtime/engine-key.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { EngineClient, type EngineObserver } from './engine-client.ts';
import { firstSpeechToText, firstTextToSpeech } from './fallback.ts';
import { Kokoro } from './kokoro.ts';
import type { SpeechToText } from './speech-to-text.ts';
import type { TextToSpeech } from './text-to-speech.ts';
import { Whisper } from './whisper.ts';

/** A pod's engines, shared by all its calls. */
export interface Engines {
  readonly stt: SpeechToText;
  readonly tts: TextToSpeech;
  /** Resolves when one engine of each kind has answered; the pod is not ready before. */
  warm(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * The engines of a VoiceRuntime, whose endpoints are known by now. Throws `engine_not_served` for
 * what no adapter serves, naming the engine and the setting.
 */
export function createEngines(config: EnginesConfig, options: CreateEnginesOptions): Engines {
  const stt = firstSpeechToText([
    speechToText(config.stt, 0, options),
    ...config.stt.fallbacks.map((fallback, index) => speechToText(fallback, index + 1, options)),
  ]);
  const tts = firstTextToSpeech([
    textToSpeech(config.tts, 0, options),
    ...config.tts.fallbacks.map((fallback, index) =>
      textToSpeech(sameRate(fallback, config.tts), index + 1, options),
    ),
  ]);
  return {
    stt,
    tts,
    async warm(signal) {
      await Promise.all([stt.warm(signal), tts.warm(signal)]);
    },
    async close() {
      await Promise.all([stt.close(), tts.close()]);
    },
  };
}

export interface CreateEnginesOptions {
  readonly clock: Clock;
  readonly observer: EngineObserver;
  /** The keys of APIs by the variables that `engineKeyVariable` names. */
  readonly apiKeys: Readonly<Record<string, unknown>>;
}

type SttConfig = Omit<EnginesConfig['stt'], 'fallbacks'>;
type TtsConfig = Omit<EnginesConfig['tts'], 'fallbacks'>;

function speechToText(config: SttConfig, position: number, options: CreateEnginesOptions): SpeechToText {
  const path = config.type === 'Whisper' ? '/v1/audio/transcriptions' : '/inference';
  return new Whisper(clientOf('stt', config, { position, ...options }), { path, model: modelOf(config) });
}

function textToSpeech(config: TtsConfig, position: number, options: CreateEnginesOptions): TextToSpeech {
  if (config.type === 'XTTS') throw notServed('tts', config.name, 'type XTTS');
  return new Kokoro(clientOf('tts', config, { position, ...options }), {
    model: modelOf(config),
    voice: config.voice,
    sampleRateHz: config.sampleRateHertz,
  });
}

function clientOf(
  kind: 'stt' | 'tts',
  config: SttConfig | TtsConfig,
  { position, apiKeys, ...options }: CreateEnginesOptions & { readonly position: number },
): EngineClient {
  const { name, endpoint, secretRef, timeoutSeconds } = config;
  if (!endpoint) throw notServed(kind, name, 'no endpoint');
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
    name: `${kind}/${name}`,
    endpoint,
    timeoutMs: timeoutSeconds * 1000,
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
  });
}

function modelOf(config: SttConfig | TtsConfig): string | undefined {
  return config.model ?? config.deployment?.model;
}

/** The voice's stream is resampled from one rate, so all engines of the ladder must have it. */
function sameRate(fallback: TtsConfig, preferred: TtsConfig): TtsConfig {
  if (fallback.sampleRateHertz === preferred.sampleRateHertz) return fallback;
  throw notServed('tts', fallback.name, 'a sampleRateHertz other than the preferred engine has');
}

function notServed(kind: string, name: string, what: string): OperatingError {
  return new OperatingError('engine_not_served', `engines.${kind} "${name}": ${what} is not served yet`);
}
