import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { type Reply, replyOf } from '#runtime/workflow/dialogue.ts';
import { phrasesFor } from '#runtime/workflow/phrases/phrases.ts';
import { type Effect, interruptible, wholly } from '#runtime/workflow/talk.ts';
import type { Goodbye } from './turn-limits.ts';

/** What the session says itself, whichever driver leads; a goodbye is spoken whole. */
export function said(text: string, state: ConversationState, effect: Effect): Reply {
  const speech = effect.kind === 'Listen' ? interruptible(text) : wholly(text);
  return replyOf({ speech, state, effect });
}

/** Ends a conversation that leads to nothing. */
export function saidGoodbye(reason: Goodbye, language: string, state: ConversationState): Reply {
  return said(phrasesFor(language)[GOODBYES[reason]], state, { kind: 'End', reason });
}

const GOODBYES = {
  CallerSilent: 'silentGoodbye',
  EnginesFailed: 'failedGoodbye',
  MaxTurns: 'longGoodbye',
} as const satisfies Record<Goodbye, string>;
