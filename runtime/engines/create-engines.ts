import type { Engines as EnginesConfig } from '#crds/voice-runtime/engine.ts';
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
    speechToText(config.stt, options),
    ...config.stt.fallbacks.map((fallback) => speechToText(fallback, options)),
  ]);
  const tts = firstTextToSpeech([
    textToSpeech(config.tts, options),
    ...config.tts.fallbacks.map((fallback) => textToSpeech(sameRate(fallback, config.tts), options)),
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
}

type SttConfig = Omit<EnginesConfig['stt'], 'fallbacks'>;
type TtsConfig = Omit<EnginesConfig['tts'], 'fallbacks'>;

function speechToText(config: SttConfig, options: CreateEnginesOptions): SpeechToText {
  const path = config.type === 'Whisper' ? '/v1/audio/transcriptions' : '/inference';
  return new Whisper(clientOf('stt', config, options), { path, model: modelOf(config) });
}

function textToSpeech(config: TtsConfig, options: CreateEnginesOptions): TextToSpeech {
  if (config.type === 'XTTS') throw notServed('tts', config.name, 'type XTTS');
  return new Kokoro(clientOf('tts', config, options), {
    model: modelOf(config),
    voice: config.voice,
    sampleRateHz: config.sampleRateHertz,
  });
}

function clientOf(kind: string, config: SttConfig | TtsConfig, options: CreateEnginesOptions): EngineClient {
  const { name, endpoint, secretRef, timeoutSeconds } = config;
  if (!endpoint) throw notServed(kind, name, 'no endpoint');
  if (secretRef) throw notServed(kind, name, 'secretRef');
  return new EngineClient({
    ...options,
    name: `${kind}/${name}`,
    endpoint,
    timeoutMs: timeoutSeconds * 1000,
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
