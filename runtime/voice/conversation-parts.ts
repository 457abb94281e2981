import type { Workflow } from '#crds/tenant/workflow.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import type { SpeechToText } from '#runtime/engines/speech-to-text.ts';
import type { Dialogue } from '#runtime/workflow/dialogue.ts';
import type { AgentVoice } from './agent-voice.ts';
import type { Listener } from './listener.ts';
import type { VoiceObserver } from './voice-observer.ts';
import type { VoiceOptions } from './voice-options.ts';

/** What a conversation on one stream is made of. */
export interface ConversationParts {
  readonly context: SessionContext;
  readonly workflow: Workflow;
  readonly dialogue: Dialogue;
  readonly voice: AgentVoice;
  readonly listener: Listener;
  readonly stt: SpeechToText;
  /** The carrier's. */
  readonly sampleRateHz: number;
  readonly strained: () => boolean;
  readonly clock: Clock;
  readonly observer: Pick<VoiceObserver, 'replied'>;
  readonly options: VoiceOptions;
}
