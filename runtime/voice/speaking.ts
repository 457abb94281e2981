import { isInTime } from '#lib/lifecycle/is-in-time.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import type { AgentTurn } from './agent-turn.ts';
import type { Spoken } from './agent-voice.ts';
import type { Answering, Books } from './answering.ts';
import type { ConversationParts } from './conversation-parts.ts';
import type { Fillers } from './fillers.ts';

/** The agent's half of a conversation: speaks a turn to its end, through coughs, waits and a voice that breaks off. */
export class Speaking {
  readonly #parts: ConversationParts;
  readonly #books: Books;
  readonly #fillers: Fillers;
  readonly #answering: Pick<Answering, 'decide'>;

  constructor(parts: ConversationParts, books: Books, turns: SpeakingTurns) {
    this.#parts = parts;
    this.#books = books;
    this.#fillers = turns.fillers;
    this.#answering = turns.answering;
  }

  /** Undefined once the turn was heard whole; where the caller's words interrupted it, the turn that answers those. */
  async speak(turn: AgentTurn, signal: AbortSignal): Promise<AgentTurn | undefined> {
    const { progress, reports, times } = this.#books;
    progress.adopt(turn);
    const interruption = await this.#fillTheTime(turn, signal);
    if (interruption) return interruption;
    let hasBroken = false;
    for (let cuts = 0; ; cuts++) {
      const spoken = await this.#parts.voice.speak(turn, signal);
      progress.heard(turn, spoken.text);
      reports.agentSpoke(spoken, times.spoken(turn, spoken));
      const isInterrupted = spoken.interrupted && spoken.failure === undefined && !signal.aborted;
      const answer = isInterrupted ? await this.#answering.decide(turn, signal) : undefined;
      if (answer) return answer;
      // A voice that breaks off is asked for the rest, once.
      const isBroken: boolean = !hasBroken && !signal.aborted && brokeOff(spoken);
      hasBroken ||= isBroken;
      if (!(isInterrupted || isBroken) || cuts >= MAX_CUTS) {
        reports.agentTurn();
        progress.adopt(turn);
        if (spoken.failure) throw spoken.failure;
        signal.throwIfAborted();
        return undefined;
      }
      turn.goOn();
    }
  }

  /** Says something while a turn is being written, every few seconds; a caller who speaks meanwhile is answered instead. */
  async #fillTheTime(turn: AgentTurn, signal: AbortSignal): Promise<AgentTurn | undefined> {
    for (const text of this.#fillers.texts) {
      if (!turn.isAwaited) return undefined;
      const { interrupted } = await this.#fill(text, signal);
      if (interrupted || (await this.#speaksBefore(turn, signal))) {
        const answer = await this.#answering.decide(turn, signal);
        if (answer) return answer;
      }
    }
    return undefined;
  }

  async #fill(text: string, signal: AbortSignal): Promise<Spoken> {
    const { reports } = this.#books;
    const spoken = await this.#fillers.say(text, signal);
    reports.agentSpoke(spoken);
    reports.agentTurn();
    signal.throwIfAborted();
    return spoken;
  }

  /** Whether the caller speaks before the turn can be heard, or has been waited for again. */
  async #speaksBefore(turn: AgentTurn, signal: AbortSignal): Promise<boolean> {
    const { listener, clock, options } = this.#parts;
    const heard = Promise.race([turn.begun, listener.untilSpeech()]);
    await isInTime(heard, options.fillerAgainMs, { clock, signal });
    return listener.busy;
  }
}

export interface SpeakingTurns {
  readonly fillers: Fillers;
  readonly answering: Pick<Answering, 'decide'>;
}

/** A turn that was cut off so often without a word is not begun again. */
const MAX_CUTS = 3;

/** Whether the voice failed in the middle of its words. */
function brokeOff({ failure, text }: Spoken): boolean {
  return failure instanceof EngineError && text !== '';
}
