import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import type { Spoken } from './agent-voice.ts';
import type { CallerTurn } from './caller-turn.ts';

/** What is counted of a conversation, over all pods that held it. */
export type Counts = Pick<ConversationState, 'nextTurn' | 'sttMs' | 'ttsCharacters'>;

/** Tells the call of each turn as it was heard, in the order in which they were spoken, and counts what they took. */
export class TurnReports {
  readonly #context: SessionContext;
  #counts: Counts;
  /** The agent's turn that may still be spoken on. */
  #agent: Heard | undefined;

  constructor(context: SessionContext) {
    this.#context = context;
    const { nextTurn, sttMs, ttsCharacters } = context.conversation;
    this.#counts = { nextTurn, sttMs, ttsCharacters };
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** How long the agent's turn was heard that may still be spoken on. */
  get agentHeardMs(): number {
    return this.#agent ? this.#agent.endedAtMs - this.#agent.startedAtMs : 0;
  }

  /** A stretch of the agent's turn was spoken; `text` is all that was heard of the turn by now. */
  agentSpoke({ text, interrupted, startedAtMs, endedAtMs }: Spoken): void {
    this.#agent = { text, interrupted, endedAtMs, startedAtMs: this.#agent?.startedAtMs ?? startedAtMs };
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

  #tell(speaker: 'Agent' | 'Caller', { text, interrupted, ...at }: Heard): void {
    if (text === '') return;
    const { answeredAtMs, events } = this.#context;
    const startedAtMs = Math.max(0, Math.round(at.startedAtMs - answeredAtMs));
    const endedAtMs = Math.max(startedAtMs, Math.round(at.endedAtMs - answeredAtMs));
    events.turn({ index: this.#counts.nextTurn, speaker, text, startedAtMs, endedAtMs, interrupted });
    this.#counts = { ...this.#counts, nextTurn: this.#counts.nextTurn + 1 };
  }
}

interface Heard {
  readonly text: string;
  /** Wall-clock epoch ms. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly interrupted: boolean;
}
