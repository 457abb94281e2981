import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { DialogueTurn, Reply } from '#runtime/workflow/dialogue.ts';
import { phrasesFor } from '#runtime/workflow/phrases/phrases.ts';
import type { Listening } from '#runtime/workflow/talk.ts';
import type { AgentTurn } from './agent-turn.ts';
import type { Spoken } from './agent-voice.ts';
import type { CallerTurn, Hearing } from './caller-turn.ts';
import type { ConversationParts } from './conversation-parts.ts';
import { type Answer, Exchange } from './exchange.ts';
import type { Fillers } from './fillers.ts';
import { said, saidGoodbye } from './own-words.ts';
import type { Progress } from './progress.ts';
import type { ReplyTimes } from './reply-times.ts';
import { TurnLimits } from './turn-limits.ts';
import type { TurnReports } from './turn-reports.ts';
import type { VoiceOptions } from './voice-options.ts';

/** The caller's half of a conversation: hears the caller out, and makes the turn of the agent that answers. */
export class Answering {
  readonly #parts: ConversationParts;
  readonly #books: Books;
  readonly #fillers: Fillers;
  readonly #limits: TurnLimits;
  /** What was answered last, and where the conversation stood before that. */
  #answered: Answered | undefined;

  constructor(parts: ConversationParts, books: Books, fillers: Fillers) {
    this.#parts = parts;
    this.#books = books;
    this.#fillers = fillers;
    this.#limits = new TurnLimits(parts.options);
  }

  /** Hears the caller, who has the floor; silence is answered, too. */
  async listen(listening: Listening, signal: AbortSignal): Promise<AgentTurn> {
    const fillers: Spoken[] = [];
    const fill = async () => {
      const text = this.#fillers.texts[fillers.length];
      if (text === undefined) return false;
      fillers.push(await this.#fillers.say(text, signal));
      return true;
    };
    const exchange = this.#exchange(signal, { fill });
    try {
      return this.#accept(await exchange.listen(silenceMs(listening, this.#parts.options)));
    } finally {
      this.#callerSpoke(exchange.caller);
      // They were said after what was not understood yet, and so are told after it.
      for (const spoken of fillers) {
        this.#books.reports.agentSpoke(spoken);
        this.#books.reports.agentTurn();
      }
    }
  }

  /** Hears out a caller who has interrupted `turn`; undefined where that is to be spoken on. */
  async decide(turn: AgentTurn, signal: AbortSignal): Promise<AgentTurn | undefined> {
    const { reports } = this.#books;
    // A caller who speaks that soon was cut off, and had not finished: what was said first belongs to the rest.
    const cutOff = reports.agentHeardMs > CUT_OFF_MS ? undefined : this.#answered;
    const exchange = this.#exchange(signal, { cutOff });
    try {
      const answer = await exchange.decide(this.#parts.options.falseInterruptionMs);
      if (!answer) return undefined;
      turn.drop();
      return this.#accept(answer);
    } finally {
      if (exchange.caller.hasBegun || signal.aborted) reports.agentTurn();
      this.#callerSpoke(exchange.caller);
    }
  }

  #exchange(
    signal: AbortSignal,
    { cutOff, fill }: { readonly cutOff?: Answered | undefined; readonly fill?: () => Promise<boolean> },
  ): Exchange {
    const { context, options, dialogue, ...parts } = this.#parts;
    const { assistant, language } = context.profile;
    const { state } = this.#books.progress;
    const before = cutOff?.before ?? state;
    return new Exchange(
      {
        ...parts,
        language,
        vocabulary: assistant.vocabulary.map(({ word }) => word),
        wholeAnswer: (text) => dialogue.wholeAnswer(before, cutOff ? `${cutOff.text} ${text}` : text),
        fillerAfterMs: options.fillerAfterMs,
        fillerAgainMs: options.fillerAgainMs,
        fill,
        // Keys, and what was not understood, are no more of what was said first: that stays answered.
        answer: (hearing, turn) =>
          hearing.kind === 'Words'
            ? this.#answer(withEarlier(hearing, cutOff), before, turn)
            : this.#answer(hearing, state, turn),
      },
      signal,
    );
  }

  /** Writes the answer to a hearing, which changes nothing yet. */
  #answer(hearing: Hearing, state: ConversationState, turn: DialogueTurn): Reply {
    const { dialogue, context } = this.#parts;
    const { language } = context.profile;
    const goodbye = this.#limits.reachedBy(hearing);
    if (goodbye) return saidGoodbye(goodbye, language, state);
    if (hearing.kind === 'Failed')
      return said(phrasesFor(language).hearingFailed, state, dialogue.listening(state));
    return dialogue.reply({ ...state, history: this.#books.reports.history }, hearing, turn);
  }

  #accept({ hearing, turn, times }: Answer): AgentTurn {
    this.#limits.count(hearing);
    this.#books.times.answered(times);
    const before = this.#books.progress.state;
    this.#answered = hearing.kind === 'Words' ? { text: hearing.text, before } : undefined;
    return turn;
  }

  #callerSpoke(caller: CallerTurn): void {
    this.#books.times.callerSpoke(caller);
    this.#books.reports.callerTurn(caller);
  }
}

/** Where it is kept how the conversation stands, what was said in it, and how long it took. */
export interface Books {
  readonly progress: Progress;
  readonly reports: TurnReports;
  readonly times: ReplyTimes;
}

interface Answered {
  readonly text: string;
  readonly before: ConversationState;
}

type Words = Extract<Hearing, { kind: 'Words' }>;

/** The least speech that interrupts, and the time that it takes to notice that both speak. */
const CUT_OFF_MS = 800;

/** How long the caller may be silent. */
function silenceMs(listening: Listening, options: VoiceOptions): number {
  if (listening.for === 'Message') return options.messageSilenceMs;
  return listening.for === 'Return' ? options.holdMs : options.callerSilenceMs;
}

/** Where the caller was cut off, what was said first belongs to the rest. */
function withEarlier(hearing: Words, cutOff: Answered | undefined): Words {
  return cutOff ? { ...hearing, text: `${cutOff.text} ${hearing.text}` } : hearing;
}
