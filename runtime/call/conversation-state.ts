import { z } from 'zod';
import { keptObject } from './kept-object.ts';

/** One field the caller has answered. */
export const collectedFieldSchema = keptObject({
  name: z.string(),
  label: z.string(),
  /** Normalised: digits for a phone number, capitalised for a name. */
  value: z.string(),
  /** The caller's words it was taken from. */
  spoken: z.string(),
});

/**
 * The whole of a conversation that another pod needs to go on with it. Kept with the call in Redis
 * after every turn; contains the caller's words, so it is never logged.
 */
export const conversationStateSchema = keptObject({
  schemaVersion: z.literal(1),
  workflow: z.string(),
  phase: z.enum(['Greeting', 'Collecting', 'Closing', 'Done']),
  /** The field that is being asked; absent outside Collecting. */
  asking: z.string().optional(),
  /** How often `asking` was asked without a usable answer. */
  attempts: z.number().int().nonnegative(),
  collected: z.array(collectedFieldSchema),
  /** The index of the next turn. */
  nextTurn: z.number().int().nonnegative(),
  /** Caller audio sent to STT so far, counted once, in milliseconds. */
  sttMs: z.number().nonnegative(),
  ttsCharacters: z.number().int().nonnegative(),
  /** When its session kept it, in epoch ms: the call was there then. */
  keptAtMs: z.number().int().optional(),
});

export type CollectedField = z.output<typeof collectedFieldSchema>;
export type ConversationState = z.output<typeof conversationStateSchema>;

/** `nextTurn`: above 0 where earlier turns may be in the ledger, of a session that is lost. */
export function newConversation(workflow: string, nextTurn = 0): ConversationState {
  return {
    schemaVersion: 1,
    workflow,
    phase: 'Greeting',
    attempts: 0,
    collected: [],
    nextTurn,
    sttMs: 0,
    ttsCharacters: 0,
  };
}
