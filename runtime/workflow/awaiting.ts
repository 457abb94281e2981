import type { ConversationState } from '#runtime/call/conversation-state.ts';

/**
 * What the caller's next words are expected to be. Kept as text: a word of a newer release counts as an
 * answer here, so that the question is asked again.
 */
export type Awaiting =
  /** An answer to the field that is asked. */
  | 'Answer'
  /** Yes or no to what was read back, or what is right. */
  | 'ReadBack'
  /** Yes or no to leaving a message. */
  | 'Offer'
  /** Whether there is anything else, after a question in answer to a field of free text. */
  | 'More'
  /** The message. */
  | 'Message';

const WORDS: ReadonlySet<string> = new Set<Awaiting>(['ReadBack', 'Offer', 'More', 'Message']);

export function awaited({ awaiting }: ConversationState): Awaiting {
  return awaiting !== undefined && WORDS.has(awaiting) ? (awaiting as Awaiting) : 'Answer';
}
