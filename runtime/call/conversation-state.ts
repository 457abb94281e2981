import { z } from 'zod';
import { keptObject } from './kept-object.ts';

/** One field the caller has answered. */
export const collectedFieldSchema = keptObject({
  name: z.string(),
  label: z.string(),
  /** Normalised: E.164 for a phone number, YYYY-MM-DD for a date, capitalised for a name. */
  value: z.string(),
  /** The caller's words it was taken from. */
  spoken: z.string(),
  /**
   * Absent: it stands. `Unconfirmed`: not read back yet, or neither confirmed nor corrected. `Rejected`: the
   * caller said that it is wrong, and gave nothing better.
   */
  status: z.string().optional(),
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
  /** What the next words are expected to be, where not an answer to `asking`: see runtime/workflow/awaiting.ts. */
  awaiting: z.string().optional(),
  /** Fields that were given up, or whose question was not to be asked; of an older release, those before `asking`. */
  skipped: z.array(z.string()).optional(),
  /** Digits of a phone number that is not whole yet. */
  digits: z.string().optional(),
  /** How often the caller said something else than an answer: in a row, and in all, corrections included. */
  asides: z.number().int().nonnegative().optional(),
  detours: z.number().int().nonnegative().optional(),
  /** How often the caller was to be handed to a person on their own wish. */
  handOvers: z.number().int().nonnegative().optional(),
  /** The caller was told of the emergency number. */
  warned: z.boolean().optional(),
  /** The latest words of the caller, and how often they came in a row: machines repeat themselves. */
  repeated: keptObject({ words: z.string(), times: z.number().int().positive() }).optional(),
  /** What was said, as far as it was heard, where a language model answers: the latest turns. */
  history: z.array(keptObject({ speaker: z.enum(['Agent', 'Caller']), text: z.string() })).optional(),
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
