import type { TurnStages } from '#crds/ledger/ledger-event.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import type { Spoken } from './agent-voice.ts';
import type { CallerTurn } from './caller-turn.ts';

/** What is counted of a conversation, over all pods that held it. */
export type Counts = Pick<ConversationState, 'nextTurn' | 'sttMs' | 'ttsCharacters' | 'history'>;

/** Tells the call of each turn as it was heard, in the order in which they were spoken, and counts what they took. */
export class TurnReports {
  readonly #context: SessionContext;
  readonly #keepsHistory: boolean;
  #counts: Counts;
  /** The agent's turn that may still be spoken on. */
  #agent: Heard | undefined;

  /** @param keepsHistory Whether what was said is kept with the conversation, for a driver that goes by it. */
  constructor(context: SessionContext, keepsHistory: boolean) {
    this.#context = context;
    this.#keepsHistory = keepsHistory;
    const { nextTurn, sttMs, ttsCharacters, history } = context.conversation;
    this.#counts = { nextTurn, sttMs, ttsCharacters, ...(history ? { history } : {}) };
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** All that was heard by now, also of a turn of the agent that may still be spoken on. */
  get history(): ConversationState['history'] {
    const turn = this.#agent;
    return turn && turn.text !== '' ? this.#withTurn('Agent', turn) : this.#counts.history;
  }

  /** How long the agent's turn was heard that may still be spoken on. */
  get agentHeardMs(): number {
    return this.#agent ? this.#agent.endedAtMs - this.#agent.startedAtMs : 0;
  }

  /** A stretch of the agent's turn was spoken; `text` is all that was heard of the turn by now. */
  agentSpoke({ text, interrupted, startedAtMs, endedAtMs }: Spoken, stages?: TurnStages): void {
    const begun = this.#agent ?? { startedAtMs, stages };
    this.#agent = { text, interrupted, endedAtMs, startedAtMs: begun.startedAtMs, stages: begun.stages };
  }

  /** The agent's turn is over. */
  agentTurn(): void {
    const turn = this.#agent;
    this.#agent = undefined;
    if (!turn) return;
    this.#counts = { ...this.#counts, ttsCharacters: this.#counts.ttsCharacters + turn.text.length };
    this.#tell('Agent', turn);
  }

  /** The caller's turn is over; audio that led to no words counts, too. */
  callerTurn(caller: CallerTurn): void {
    this.#counts = { ...this.#counts, sttMs: this.#counts.sttMs + caller.audioMs };
    const { text, startedAtMs, endedAtMs } = caller;
    this.#tell('Caller', { text, startedAtMs, endedAtMs, interrupted: false });
  }

  #withTurn(speaker: 'Agent' | 'Caller', { text, interrupted }: Pick<Heard, 'text' | 'interrupted'>) {
    if (!this.#keepsHistory) return undefined;
    const heard = { speaker, text: interrupted ? `${text} …` : text };
    return [...(this.#counts.history ?? []), heard].slice(-MAX_HISTORY_TURNS);
  }

  #tell(speaker: 'Agent' | 'Caller', { text, interrupted, ...at }: Heard): void {
    if (text === '') return;
    const { answeredAtMs, events } = this.#context;
    const startedAtMs = Math.max(0, Math.round(at.startedAtMs - answeredAtMs));
    const endedAtMs = Math.max(startedAtMs, Math.round(at.endedAtMs - answeredAtMs));
    const { nextTurn: index } = this.#counts;
    const stages = at.stages ? { stages: at.stages } : {};
    events.turn({ index, speaker, text, startedAtMs, endedAtMs, interrupted, ...stages });
    const history = this.#withTurn(speaker, { text, interrupted });
    this.#counts = { ...this.#counts, nextTurn: index + 1, ...(history ? { history } : {}) };
  }
}

interface Heard {
  readonly text: string;
  /** Wall-clock epoch ms. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly interrupted: boolean;
  readonly stages?: TurnStages | undefined;
}

/** Twenty questions and answers: what was collected is kept for itself. */
const MAX_HISTORY_TURNS = 40;
