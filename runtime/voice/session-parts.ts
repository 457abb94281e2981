import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import type { AudioCodec } from '#runtime/media/audio-codec.ts';
import type { ToolRunner } from '#runtime/tools/tool-runner.ts';
import type { SpeechDetectors } from './speech-detector.ts';
import type { VoiceObserver } from './voice-observer.ts';
import type { VoiceOptions } from './voice-options.ts';

/** What all sessions of a pod share. */
export interface SessionParts {
  readonly engines: Pick<Engines, 'stt' | 'llm' | 'tts'>;
  /** Calls the tools that tenants have of their own. */
  readonly tools: Pick<ToolRunner, 'run'>;
  readonly voiceActivity: SpeechDetectors;
  /**
   * For what we send: the codec that the carrier was asked for. What we receive is in the one that
   * `start` announces, and the two differ on a PCMA leg asked for PCMU.
   */
  readonly sendCodec: AudioCodec;
  readonly observer: VoiceObserver;
  /** Strained: what callers do not hear is to be given up, so that they hear no gap. */
  readonly load: { readonly strained: boolean };
  readonly log: Logger;
  readonly clock: Clock;
  readonly options: VoiceOptions;
}
