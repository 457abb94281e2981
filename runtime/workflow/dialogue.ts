import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { Heard, Listening, Step } from './talk.ts';
import type { AnswerShare } from './whole-answer.ts';

/**
 * Decides what the agent says and does next: the seam between the conversation (sound, turns, time: runtime/voice) and
 * its two drivers, the language model with tools and the workflow asked step by step. Both work on the same state, so
 * that one can take over from the other in mid-call.
 */
export interface Dialogue {
  /** Whether it goes by what was said, which is then kept in the state. */
  readonly usesHistory: boolean;
  /** What is said first on a stream: the greeting, or the thread of a conversation taken up again. */
  open(state: ConversationState, after: 'Loss' | 'FailedTransfer'): Reply;
  /**
   * What follows a turn of the caller. Asked for before it is certain that the turn is over: nothing that cannot be
   * taken back may happen before `turn.committed` resolves, and nothing at all once `turn.signal` aborts.
   */
  reply(state: ConversationState, heard: Heard, turn: DialogueTurn): Reply;
  /** How much of the answer to what was asked in this state the words are. */
  wholeAnswer(state: ConversationState, text: string): AnswerShare;
  /** What is listened for in this state, where nothing is to be said first. */
  listening(state: ConversationState): Listening;
}

export interface DialogueTurn {
  readonly signal: AbortSignal;
  /** Asks for the turn to be made final, and resolves once it is; rejects when the turn is given up. */
  committed(): Promise<void>;
  /**
   * Whether `result` is there before the caller, who has heard all that was written by then, has waited for so long
   * that something is to be said. Rejects as it does, or when the turn is given up.
   */
  inTime(result: Promise<unknown>): Promise<boolean>;
}

/** An answer that may still be in the making. */
export interface Reply {
  /** Its text, in pieces as they come. Throws EngineError where neither driver could go on. */
  readonly text: AsyncIterable<string>;
  /** The first so many characters are spoken whole, also where the caller interrupts. */
  readonly protectedCharacters: number;
  /** Where the conversation stands with it, and what follows: as far as that is decided, for good once `text` has ended. */
  outcome(): Outcome;
}

export type Outcome = Pick<Step, 'state' | 'effect'>;

/** A reply that is known whole. */
export function replyOf({ speech, state, effect }: Step): Reply {
  return {
    text: (async function* () {
      yield speech.text;
    })(),
    protectedCharacters: speech.protectedCharacters,
    outcome: () => ({ state, effect }),
  };
}
