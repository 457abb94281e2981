import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { TurnStages } from '#crds/ledger/ledger-event.ts';
import type { Workflow } from '#crds/tenant/workflow.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isInTime } from '#lib/lifecycle/is-in-time.ts';
import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import type { SpeechToText } from '#runtime/engines/speech-to-text.ts';
import { type Dialogue, type DialogueTurn, type Reply, replyOf } from '#runtime/workflow/dialogue.ts';
import { leadOf } from '#runtime/workflow/form.ts';
import { phrasesFor } from '#runtime/workflow/phrases/phrases.ts';
import { type Effect, interruptible, type Listening, wholly } from '#runtime/workflow/talk.ts';
import type { AgentTurn } from './agent-turn.ts';
import type { AgentVoice, Spoken } from './agent-voice.ts';
import type { CallerTurn, Hearing } from './caller-turn.ts';
import { type Answer, type AnswerTimes, Exchange } from './exchange.ts';
import type { Listener } from './listener.ts';
import { type Goodbye, TurnLimits } from './turn-limits.ts';
import { TurnReports } from './turn-reports.ts';
import { turnStages } from './turn-stages.ts';
import type { VoiceObserver } from './voice-observer.ts';
import type { VoiceOptions } from './voice-options.ts';

/**
 * Who speaks when, on one stream:
 *
 *   speaking ── said ──▶ listening ── words, or none for long ──▶ speaking
 *      └── interrupted ──▶ deciding ── words ──▶ speaking
 *                             └── a cough, an "uh-huh", nothing ──▶ speaking, on from there
 *
 * Every turn ends in speech or in the end of the call, never in silence.
 */
export class Conversation {
  readonly #parts: ConversationParts;
  readonly #limits: TurnLimits;
  readonly #reports: TurnReports;
  #progress: ConversationState;
  /** What callers have to hear first was not heard yet: a pod that takes the call up greets them again. */
  #isGreeting: boolean;
  /** What was answered last, and where the conversation stood before that. */
  #answered: Answered | undefined;
  /** What the lead held that was told last. */
  #toldLead: ConversationState['collected'] | undefined;
  /** When the caller was last heard to speak; undefined once that was replied to. */
  #spokeUntilMs: number | undefined;
  #answerTimes: AnswerTimes | undefined;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    this.#progress = parts.context.conversation;
    this.#isGreeting = this.#progress.phase === 'Greeting';
    this.#limits = new TurnLimits(parts.options);
    this.#reports = new TurnReports(parts.context, parts.dialogue.usesHistory);
  }

  /** Where the conversation stands, with all that was said and used in it. */
  get state(): ConversationState {
    const { phase } = this.#progress;
    return { ...this.#progress, ...this.#reports.counts, phase: this.#isGreeting ? 'Greeting' : phase };
  }

  /** Holds the conversation; resolves with why it ended. Rejects when `signal` aborts, or EngineError. */
  async hold(signal: AbortSignal): Promise<HangupReason> {
    const { context, dialogue } = this.#parts;
    if (this.#progress.phase === 'Done' && context.transferFailure === undefined) return 'WorkflowCompleted';
    let turn = this.#opening() ?? (await this.#listen(dialogue.listening(this.#progress), signal));
    try {
      for (;;) {
        const next = (await this.#speak(turn, signal)) ?? (await this.#follow(turn, signal));
        if (typeof next === 'string') return next;
        turn = next;
      }
    } finally {
      // Nobody hears what is still being written.
      turn.drop();
    }
  }

  /** Nothing is said where another pod gave the call away in a pause: the question was put, and the answer is awaited. */
  #opening(): AgentTurn | undefined {
    const { context, dialogue, voice } = this.#parts;
    const isReturned = context.transferFailure !== undefined;
    if (context.seamless && this.#progress.phase === 'Collecting' && !isReturned) return undefined;
    const turn = voice.prepare(() => dialogue.open(this.#progress, isReturned ? 'FailedTransfer' : 'Loss'));
    turn.commit();
    return turn;
  }

  /** Speaks a turn to its end, or to the words of a caller who interrupts it: then the turn that answers those. */
  async #speak(turn: AgentTurn, signal: AbortSignal): Promise<AgentTurn | undefined> {
    this.#adopt(turn);
    const interruption = await this.#fillTheTime(turn, signal);
    if (interruption) return interruption;
    let hasBroken = false;
    for (let cuts = 0; ; cuts++) {
      const spoken = await this.#parts.voice.speak(turn, signal);
      this.#isGreeting &&= spoken.text.length < turn.reply.protectedCharacters;
      this.#reports.agentSpoke(spoken, this.#replied(turn, spoken));
      const isInterrupted = spoken.interrupted && spoken.failure === undefined && !signal.aborted;
      const answer = isInterrupted ? await this.#decide(turn, signal) : undefined;
      if (answer) return answer;
      // A voice that breaks off is asked for the rest, once.
      const isBroken: boolean = !hasBroken && !signal.aborted && brokeOff(spoken);
      hasBroken ||= isBroken;
      if (!(isInterrupted || isBroken) || cuts >= MAX_CUTS) {
        this.#reports.agentTurn();
        this.#adopt(turn);
        if (spoken.failure) throw spoken.failure;
        signal.throwIfAborted();
        return undefined;
      }
      turn.goOn();
    }
  }

  /** Says something while a turn is being written, every few seconds; a caller who speaks meanwhile is answered instead. */
  async #fillTheTime(turn: AgentTurn, signal: AbortSignal): Promise<AgentTurn | undefined> {
    for (const text of this.#fillers) {
      if (!turn.isAwaited) return undefined;
      const { interrupted } = await this.#fill(text, signal);
      if (interrupted || (await this.#speaksBefore(turn, signal))) {
        const answer = await this.#decide(turn, signal);
        if (answer) return answer;
      }
    }
    return undefined;
  }

  get #fillers(): readonly string[] {
    return phrasesFor(this.#parts.context.profile.language).fillers;
  }

  async #fill(text: string, signal: AbortSignal): Promise<Spoken> {
    const spoken = await this.#sayMeanwhile(text, signal);
    this.#reports.agentSpoke(spoken);
    this.#reports.agentTurn();
    signal.throwIfAborted();
    return spoken;
  }

  #sayMeanwhile(text: string, signal: AbortSignal): Promise<Spoken> {
    const { voice } = this.#parts;
    return voice.speak(
      voice.prepare(() => said(text, this.#progress, { kind: 'Listen' })),
      signal,
    );
  }

  /** Whether the caller speaks before the turn can be heard, or has been waited for again. */
  async #speaksBefore(turn: AgentTurn, signal: AbortSignal): Promise<boolean> {
    const { listener, clock, options } = this.#parts;
    const heard = Promise.race([turn.begun, listener.untilSpeech()]);
    await isInTime(heard, options.fillerAgainMs, { clock, signal });
    return listener.busy;
  }

  /** What follows a turn that was spoken to its end: the call's end, or another turn, once the caller was heard. */
  async #follow(turn: AgentTurn, signal: AbortSignal): Promise<HangupReason | AgentTurn> {
    const { effect } = turn.reply.outcome();
    if (effect.kind === 'Listen') return await this.#listen(effect, signal);
    if (effect.kind === 'End') {
      // Also of a form that a goodbye of the session's own has ended.
      this.#tellLead(this.#progress);
      this.#keep({ ...this.#progress, phase: 'Done' });
      return effect.reason;
    }
    const { context, dialogue, voice } = this.#parts;
    // A caller who goes to a person leaves this stream: the signal aborts.
    if (await context.events.transfer(effect.target))
      await unlessAborted(new Promise<never>(() => {}), signal);
    const next = voice.prepare(() => dialogue.open(this.#progress, 'FailedTransfer'));
    next.commit();
    return next;
  }

  async #listen(listening: Listening, signal: AbortSignal): Promise<AgentTurn> {
    const [filler = ''] = this.#fillers;
    const fillers: Spoken[] = [];
    const fill = async () => fillers.push(await this.#sayMeanwhile(filler, signal));
    const exchange = this.#exchange(signal, { fill });
    try {
      return this.#accept(await exchange.listen(silenceMs(listening, this.#parts.options)));
    } finally {
      this.#callerSpoke(exchange.caller);
      // They were said after what was not understood yet, and so are told after it.
      for (const spoken of fillers) {
        this.#reports.agentSpoke(spoken);
        this.#reports.agentTurn();
      }
    }
  }

  /** Hears out a caller who has interrupted `turn`; undefined where that is to be spoken on. */
  async #decide(turn: AgentTurn, signal: AbortSignal): Promise<AgentTurn | undefined> {
    // A caller who speaks that soon was cut off, and had not finished: what was said first belongs to the rest.
    const cutOff = this.#reports.agentHeardMs > CUT_OFF_MS ? undefined : this.#answered;
    const exchange = this.#exchange(signal, { cutOff });
    try {
      const answer = await exchange.decide(this.#parts.options.falseInterruptionMs);
      if (!answer) return undefined;
      turn.drop();
      return this.#accept(answer);
    } finally {
      if (exchange.caller.hasBegun || signal.aborted) this.#reports.agentTurn();
      this.#callerSpoke(exchange.caller);
    }
  }

  #exchange(
    signal: AbortSignal,
    { cutOff, fill }: { readonly cutOff?: Answered | undefined; readonly fill?: () => Promise<unknown> },
  ): Exchange {
    const { context, options, dialogue, ...parts } = this.#parts;
    const { assistant, language } = context.profile;
    const progress = cutOff?.before ?? this.#progress;
    return new Exchange(
      {
        ...parts,
        language,
        vocabulary: assistant.vocabulary.map(({ word }) => word),
        wholeAnswer: (text) => dialogue.wholeAnswer(progress, cutOff ? `${cutOff.text} ${text}` : text),
        fillerAfterMs: options.fillerAfterMs,
        fill,
        // Keys, and what was not understood, are no more of what was said first: that stays answered.
        answer: (hearing, turn) =>
          hearing.kind === 'Words'
            ? this.#answer(withEarlier(hearing, cutOff), progress, turn)
            : this.#answer(hearing, this.#progress, turn),
      },
      signal,
    );
  }

  /** Writes the answer to a hearing, which changes nothing yet. */
  #answer(hearing: Hearing, progress: ConversationState, turn: DialogueTurn): Reply {
    const { dialogue, context } = this.#parts;
    const phrases = phrasesFor(context.profile.language);
    const goodbye = this.#limits.reachedBy(hearing);
    if (goodbye) return said(phrases[GOODBYES[goodbye]], progress, { kind: 'End', reason: goodbye });
    if (hearing.kind === 'Failed') return said(phrases.hearingFailed, progress, dialogue.listening(progress));
    return dialogue.reply({ ...progress, history: this.#reports.history }, hearing, turn);
  }

  #accept({ hearing, turn, times }: Answer): AgentTurn {
    this.#limits.count(hearing);
    this.#answerTimes = times;
    this.#answered = hearing.kind === 'Words' ? { text: hearing.text, before: this.#progress } : undefined;
    return turn;
  }

  /** The conversation stands where the turn has brought it. */
  #adopt(turn: AgentTurn): void {
    const { state } = turn.reply.outcome();
    this.#keep(state);
    if (state.phase === 'Closing' || state.phase === 'Done') this.#tellLead(state);
  }

  /** It comes again where the caller has left a message since. */
  #tellLead(state: ConversationState): void {
    if (state.collected === this.#toldLead) return;
    this.#toldLead = state.collected;
    const { workflow, context } = this.#parts;
    const { fields, complete } = leadOf(state, workflow);
    if (fields.length > 0) context.events.lead(workflow.name, fields, complete);
  }

  #callerSpoke(caller: CallerTurn): void {
    if (caller.text !== '') this.#spokeUntilMs = caller.endedAtMs;
    this.#reports.callerTurn(caller);
  }

  /** The first sound of an answer: where the time went that the caller waited for it. */
  #replied(turn: AgentTurn, { text, startedAtMs }: Spoken): TurnStages | undefined {
    const [spokeUntilMs, times] = [this.#spokeUntilMs, this.#answerTimes];
    this.#spokeUntilMs = undefined;
    this.#answerTimes = undefined;
    if (spokeUntilMs === undefined || text === '') return undefined;
    const stages = times && turnStages(times, turn.synthesis.times, { spokeUntilMs, startedAtMs });
    this.#parts.observer.replied(Math.max(0, startedAtMs - spokeUntilMs), stages);
    return stages;
  }

  #keep(progress: ConversationState): void {
    this.#progress = progress;
    this.#parts.context.events.progress(this.state);
  }
}

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

interface Answered {
  readonly text: string;
  readonly before: ConversationState;
}

const GOODBYES = {
  CallerSilent: 'silentGoodbye',
  EnginesFailed: 'failedGoodbye',
  MaxTurns: 'longGoodbye',
} as const satisfies Record<Goodbye, string>;

/** A turn that was cut off so often without a word is not begun again. */
const MAX_CUTS = 3;
/** The least speech that interrupts, and the time that it takes to notice that both speak. */
const CUT_OFF_MS = 800;

/** What the session says itself; a goodbye is spoken whole. */
function said(text: string, state: ConversationState, effect: Effect): Reply {
  const speech = effect.kind === 'Listen' ? interruptible(text) : wholly(text);
  return replyOf({ speech, state, effect });
}

/** Whether the voice failed in the middle of its words. */
function brokeOff({ failure, text }: Spoken): boolean {
  return failure instanceof EngineError && text !== '';
}

/** How long the caller may be silent. */
function silenceMs(listening: Listening, options: VoiceOptions): number {
  if (listening.for === 'Message') return options.messageSilenceMs;
  return listening.for === 'Return' ? options.holdMs : options.callerSilenceMs;
}

/** Where the caller was cut off, what was said first belongs to the rest. */
function withEarlier(hearing: Words, cutOff: Answered | undefined): Words {
  return cutOff ? { ...hearing, text: `${cutOff.text} ${hearing.text}` } : hearing;
}

type Words = Extract<Hearing, { kind: 'Words' }>;
