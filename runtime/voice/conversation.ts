import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { Workflow } from '#crds/tenant/workflow.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import type { SpeechToText } from '#runtime/engines/speech-to-text.ts';
import { resampleWhole } from '#runtime/media/resample-whole.ts';
import {
  type Heard,
  leadOf,
  nextStep,
  openingStep,
  PHRASES,
  type Speech,
  type Step,
} from '#runtime/workflow/step.ts';
import type { AgentVoice } from './agent-voice.ts';
import type { Listener } from './listener.ts';
import type { Utterance } from './turn-detector.ts';
import type { VoiceObserver } from './voice-observer.ts';
import type { VoiceOptions } from './voice-options.ts';

/**
 * The alternation of agent and caller on one stream: speak the step, hear the answer, take the next
 * step, until the workflow is complete or a limit ends it. Every turn ends in speech or in the end
 * of the call, never in silence.
 */
export class Conversation {
  readonly #parts: ConversationParts;
  #state: ConversationState;
  /** Empty hearings in a row, by kind. */
  #silences = 0;
  #failures = 0;
  /** When the caller was last heard to speak; undefined once that was replied to. */
  #spokeUntilMs: number | undefined;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    this.#state = parts.context.conversation;
  }

  get state(): ConversationState {
    return this.#state;
  }

  /** Holds the conversation; resolves with why it ended. Rejects when `signal` aborts, or EngineError. */
  async hold(signal: AbortSignal): Promise<HangupReason> {
    const { workflow, context, options } = this.#parts;
    const returned = context.transferFailure !== undefined;
    if (this.#state.phase === 'Done' && !returned) return 'WorkflowCompleted';
    // Given away in a pause: the question was put, and the caller is about to answer.
    const isAsked = context.seamless && this.#state.phase === 'Collecting';
    const reason = returned ? 'FailedTransfer' : 'Loss';
    let step = isAsked ? undefined : openingStep(this.#state, workflow, context.profile, reason);
    for (let turn = 0; turn < options.maxTurns; turn++) {
      if (step) await this.#take(step, signal);
      if (step?.effect === 'Complete') {
        this.#keep({ ...this.#state, phase: 'Done' });
        return 'WorkflowCompleted';
      }
      const heard = await this.#hear(signal);
      const end = this.#limitReached(heard);
      if (end) return await this.#sayGoodbye(end, signal);
      step = this.#stepAfter(heard);
    }
    return await this.#sayGoodbye('MaxTurns', signal);
  }

  async #take(step: Step, signal: AbortSignal): Promise<void> {
    this.#keep(step.state);
    if (step.effect === 'Complete') {
      const { fields, complete } = leadOf(step.state, this.#parts.workflow);
      // A workflow that asks nothing collects no lead.
      if (this.#parts.workflow.fields.length > 0) {
        this.#parts.context.events.lead(this.#parts.workflow.name, fields, complete);
      }
    }
    await this.#say(step.speech, signal);
  }

  #stepAfter(heard: Heard | Failed): Step {
    const { workflow } = this.#parts;
    if (heard.kind !== 'Failed') return nextStep(this.#state, workflow, heard);
    const speech = { text: PHRASES.hearingFailed, protectedCharacters: 0 };
    return { speech, state: this.#state, effect: 'Listen' };
  }

  #limitReached({ kind }: Heard | Failed): Goodbye | undefined {
    this.#silences = kind === 'Silence' ? this.#silences + 1 : 0;
    this.#failures = kind === 'Failed' ? this.#failures + 1 : 0;
    if (this.#silences >= this.#parts.options.maxSilences) return 'CallerSilent';
    return this.#failures >= MAX_HEARING_FAILURES ? 'EnginesFailed' : undefined;
  }

  async #sayGoodbye(reason: Goodbye, signal: AbortSignal): Promise<HangupReason> {
    const text = GOODBYES[reason];
    await this.#say({ text, protectedCharacters: text.length }, signal);
    return reason;
  }

  async #say(speech: Speech, signal: AbortSignal): Promise<void> {
    const spoken = await this.#parts.voice.speak(speech, signal);
    this.#state = { ...this.#state, ttsCharacters: this.#state.ttsCharacters + spoken.text.length };
    if (this.#spokeUntilMs !== undefined && spoken.text !== '') {
      this.#parts.observer.replied(Math.max(0, spoken.startedAtMs - this.#spokeUntilMs));
    }
    this.#spokeUntilMs = undefined;
    this.#turn('Agent', spoken);
    this.#keep(this.#state);
    if (spoken.failure) throw spoken.failure;
    signal.throwIfAborted();
  }

  /**
   * The caller's turn. Whoever goes on speaking while the words are being recognised is heard out,
   * and the words are joined.
   */
  async #hear(signal: AbortSignal): Promise<Heard | Failed> {
    const { listener, options, clock } = this.#parts;
    const words: string[] = [];
    let startedAtMs = 0;
    let endedAtMs = 0;
    let kind: 'Silence' | 'Unclear' | 'Failed' = 'Silence';
    for (let part = 0; part < MAX_UTTERANCES_A_TURN; part++) {
      const utterance = await listener.next(part === 0 ? options.callerSilenceMs : 0, signal);
      if (!utterance) break;
      endedAtMs = clock.now() - utterance.silenceMs;
      if (part === 0) startedAtMs = clock.now() - utterance.sinceStartMs;
      const text = await this.#transcribe(utterance, signal);
      kind = text === undefined ? 'Failed' : 'Unclear';
      if (text) words.push(text);
      if (!listener.busy) break;
    }
    if (words.length === 0) return { kind };
    this.#spokeUntilMs = endedAtMs;
    const text = words.join(' ');
    this.#turn('Caller', { text, startedAtMs, endedAtMs, interrupted: false });
    return { kind: 'Words', text };
  }

  /** Undefined when the recogniser failed. */
  async #transcribe(utterance: Utterance, signal: AbortSignal): Promise<string | undefined> {
    const { stt, sampleRateHz, context } = this.#parts;
    const { assistant, language } = context.profile;
    this.#state = { ...this.#state, sttMs: this.#state.sttMs + utterance.durationMs };
    try {
      return await stt.transcribe(
        {
          samples: await resampleWhole(utterance.samples, sampleRateHz, stt.capabilities.sampleRateHz),
          language,
          vocabulary: stt.capabilities.vocabulary ? assistant.vocabulary.map(({ word }) => word) : [],
        },
        signal,
      );
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }

  #turn(speaker: 'Agent' | 'Caller', turn: TurnHeard): void {
    if (turn.text === '') return;
    const { answeredAtMs, events } = this.#parts.context;
    const startedAtMs = Math.max(0, Math.round(turn.startedAtMs - answeredAtMs));
    events.turn({
      index: this.#state.nextTurn,
      speaker,
      text: turn.text,
      startedAtMs,
      endedAtMs: Math.max(startedAtMs, Math.round(turn.endedAtMs - answeredAtMs)),
      interrupted: turn.interrupted,
    });
    this.#state = { ...this.#state, nextTurn: this.#state.nextTurn + 1 };
  }

  #keep(state: ConversationState): void {
    this.#state = state;
    this.#parts.context.events.progress(state);
  }
}

export interface ConversationParts {
  readonly context: SessionContext;
  readonly workflow: Workflow;
  readonly voice: AgentVoice;
  readonly listener: Listener;
  readonly stt: SpeechToText;
  /** The carrier's. */
  readonly sampleRateHz: number;
  readonly clock: { now(): number };
  readonly observer: Pick<VoiceObserver, 'replied'>;
  readonly options: VoiceOptions;
}

interface TurnHeard {
  readonly text: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly interrupted: boolean;
}

/** The recogniser, with all its fallbacks, did not serve. */
interface Failed {
  readonly kind: 'Failed';
}

type Goodbye = 'CallerSilent' | 'EnginesFailed' | 'MaxTurns';

const GOODBYES: Readonly<Record<Goodbye, string>> = {
  CallerSilent: PHRASES.silentGoodbye,
  EnginesFailed: PHRASES.failedGoodbye,
  MaxTurns: PHRASES.longGoodbye,
};

const MAX_HEARING_FAILURES = 2;
const MAX_UTTERANCES_A_TURN = 5;
