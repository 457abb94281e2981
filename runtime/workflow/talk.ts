import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { CallSubject } from './call-subject.ts';
import { type Phrases, phrasesFor } from './phrases/phrases.ts';

/** What the agent says next, the state after it, and what is to happen then. */
export interface Step {
  readonly speech: Speech;
  readonly state: ConversationState;
  readonly effect: Effect;
}

export interface Speech {
  /** Empty: nothing is said. */
  readonly text: string;
  /** The first so many characters are spoken whole, also where the caller interrupts. */
  readonly protectedCharacters: number;
}

export type Effect = Listening | { readonly kind: 'End'; readonly reason: HangupReason } | Transfer;

export interface Transfer {
  readonly kind: 'Transfer';
  /** A name in the profile's transferTargets, never a number. */
  readonly target: string;
  /** What that person hears of the caller, and is asked, before they are connected; absent: they are so at once. */
  readonly summary?: string;
}

export interface Listening {
  readonly kind: 'Listen';
  /**
   * Message: the caller speaks freely, and is done after a silence. Digits: a number may come, spoken or by
   * keys, with pauses in it. Return: the caller asked us to wait. Absent: an answer.
   */
  readonly for?: 'Message' | 'Digits' | 'Return';
}

/** What came of listening: words, keys pressed, sound without words, or nothing at all. */
export type Heard =
  | { readonly kind: 'Words'; readonly text: string }
  /** 0–9, * and #, with what was said before them; as many as came without a pause. */
  | { readonly kind: 'Digits'; readonly digits: string; readonly text?: string }
  | { readonly kind: 'Unclear' }
  | { readonly kind: 'Silence' };

/** A conversation at one moment: what a step is made from. */
export interface Talk {
  readonly subject: CallSubject;
  readonly state: ConversationState;
}

export function phrasesOf({ subject }: Talk): Phrases {
  return phrasesFor(subject.profile.language);
}

export function withState(talk: Talk, changes: Partial<ConversationState>): Talk {
  return { ...talk, state: { ...talk.state, ...changes } };
}

export function interruptible(text: string): Speech {
  return { text, protectedCharacters: 0 };
}

export function wholly(text: string): Speech {
  return { text, protectedCharacters: text.length };
}

export function joined(...sentences: readonly string[]): string {
  return sentences.filter((sentence) => sentence !== '').join(' ');
}
