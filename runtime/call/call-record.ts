import { z } from 'zod';
import { hangupReasonSchema } from '#crds/ledger/hangup-reason.ts';
import type { ConversationState } from './conversation-state.ts';

export const callStateSchema = z.enum(['ringing', 'answering', 'attaching', 'talking', 'ending', 'settled']);
export type CallState = z.output<typeof callStateSchema>;

const epochMs = z.number().int().nonnegative();

/** The next thing to tell the carrier. `generation` makes a repeat recognisable, see command-id.ts. */
export const commandSchema = z.object({
  step: z.enum(['answer', 'reject', 'streaming_start', 'speak', 'hangup']),
  generation: z.number().int().nonnegative(),
  /** The carrier has accepted it. */
  done: z.boolean(),
  /** For `streaming_start`: an earlier stream may still be the call's one; it is stopped first. */
  restart: z.boolean().optional(),
  /** For `reject`: what the caller's network is told. */
  cause: z.enum(['CALL_REJECTED', 'USER_BUSY']).optional(),
});
export type Command = z.output<typeof commandSchema>;

/** What was settled, so that a later, different settlement is a correction and not a second call. */
const settlementSchema = z.object({
  month: z.string(),
  calls: z.number().int(),
  callSeconds: z.number().int(),
  sttSeconds: z.number().int(),
  ttsCharacters: z.number().int(),
  revision: z.number().int(),
});
export type Settlement = z.output<typeof settlementSchema>;

/**
 * A live call as Redis keeps it, all but the conversation. Contains the caller's number, so it is
 * never logged. Read by the pods of the next and of the last release: unknown fields are ignored.
 */
export const callRecordSchema = z.object({
  schemaVersion: z.literal(1),
  callID: z.uuid(),
  carrierCallID: z.string(),
  tenantID: z.uuid(),
  runtime: z.string(),
  workflow: z.string(),
  from: z.string(),
  to: z.string(),
  maxDurationMs: z.number().int().positive(),
  state: callStateSchema,
  /** The pod that holds the call's slot. */
  pod: z.string().optional(),
  /** The generation of the newest stream, 0 before the first. */
  generation: z.number().int().nonnegative(),
  resumes: z.number().int().nonnegative(),
  command: commandSchema.optional(),
  /** Tries of the present step. */
  attempts: z.number().int().nonnegative(),
  deadlineAtMs: epochMs.optional(),
  startedAtMs: epochMs,
  /** The carrier's time of call.answered; absent for a call that was never answered. */
  answeredAtMs: epochMs.optional(),
  /** When we decided to end it. */
  endingAtMs: epochMs.optional(),
  /** The carrier's time of call.hangup; absent while, or when, it never told. */
  hungUpAtMs: epochMs.optional(),
  reason: hangupReasonSchema.optional(),
  carrierCause: z.string().optional(),
  settlement: settlementSchema.optional(),
});
export type CallRecord = z.output<typeof callRecordSchema>;

/** A call as it is decided upon. */
export interface StoredCall {
  readonly record: CallRecord;
  /** Absent until the first session kept it. */
  readonly conversation: ConversationState | undefined;
}
