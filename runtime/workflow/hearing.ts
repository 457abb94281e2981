import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { askAgain } from './asking.ts';
import { type Awaiting, awaited } from './awaiting.ts';
import { hearAnswer } from './hear-answer.ts';
import { hearIntent } from './hear-intent.ts';
import { hearMessage, hearMore, hearOffer } from './hear-offer.ts';
import { hearReadBack } from './hear-read-back.ts';
import { plainText } from './plain-text.ts';
import type { Step, Talk } from './talk.ts';

/** What the caller said: first what always works, then what was waited for. */
export function hearWords(talk: Talk, text: string): Step {
  const withWords = noted(talk, text);
  return hearIntent(withWords, text) ?? HEARINGS[awaited(talk.state)](withWords, text);
}

/** The talk in which the words are remembered, by which machines are known that repeat themselves. */
export function noted(talk: Talk, text: string): Talk {
  return { ...talk, state: { ...talk.state, repeated: repeatedOf(talk.state, text) } };
}

/** Sound without words. */
export function hearUnclear(talk: Talk): Step {
  return awaited(talk.state) === 'Message' ? HEARINGS.Message(talk, '') : askAgain(talk);
}

const HEARINGS: Readonly<Record<Awaiting, (talk: Talk, text: string) => Step>> = {
  Answer: hearAnswer,
  ReadBack: hearReadBack,
  Offer: hearOffer,
  More: hearMore,
  Message: hearMessage,
};

const MAX_REPEATED_CHARACTERS = 200;

function repeatedOf(
  { repeated }: ConversationState,
  text: string,
): NonNullable<ConversationState['repeated']> {
  const words = plainText(text).slice(0, MAX_REPEATED_CHARACTERS);
  return { words, times: repeated?.words === words ? repeated.times + 1 : 1 };
}
