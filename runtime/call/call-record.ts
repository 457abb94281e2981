import { z } from 'zod';
import { hangupReasonSchema } from '#crds/ledger/hangup-reason.ts';
import type { ConversationState } from './conversation-state.ts';
import { keptObject } from './kept-object.ts';

export const callStateSchema = z.enum([
  'ringing',
  'answering',
  'attaching',
  'talking',
  'consulting',
  'transferring',
  'handed-over',
  'announcing',
  'recording',
  'ending',
  'settled',
]);
export type CallState = z.output<typeof callStateSchema>;

const epochMs = z.number().int().nonnegative();

/** The next thing to tell or ask the carrier. `generation` makes a repeat recognisable, see command-id.ts. */
export const commandSchema = keptObject({
  step: z.enum([
    'answer',
    'reject',
    'streaming_start',
    'transfer',
    'dial',
    'gather',
    'bridge',
    'end_leg',
    'look_up',
    'speak',
    'record_start',
    'hangup',
  ]),
  generation: z.number().int().nonnegative(),
  /** The carrier has accepted it. */
  done: z.boolean(),
  /** When it was first to be sent; absent for `streaming_start`, whose generation says so. */
  sinceMs: epochMs.optional(),
  /** For `streaming_start`: an earlier stream may still be the call's one; it is stopped first. */
  restart: z.boolean().optional(),
  /** The leg of the transfer that failed may still be up; it is hung up beside this. */
  endLeg: z.boolean().optional(),
  /** For `streaming_start`: the call is to be recorded, and is told so beside it. */
  record: z.boolean().optional(),
  /** For `look_up`: the agent's stream may still run while people talk; it is stopped first. */
  endStream: z.boolean().optional(),
  /** For `reject`: what the caller's network is told. */
  cause: z.enum(['CALL_REJECTED', 'USER_BUSY']).optional(),
});
export type Command = z.output<typeof commandSchema>;

/** What a caller meets whom no agent takes, other than the busy tone: spec.busy as it was then. */
const treatmentSchema = keptObject({
  kind: z.enum(['Message', 'Voicemail']),
  message: z.string(),
  language: z.string(),
});
export type Treatment = z.output<typeof treatmentSchema>;

/** Why a transfer gave the caller back to the agent. `Loop`: the target forwards to the tenant itself. */
export const transferFailureSchema = z.enum(['Busy', 'NoAnswer', 'NotFound', 'Declined', 'Loop', 'Failed']);
export type TransferFailure = z.output<typeof transferFailureSchema>;

/** A person is asked first, while the caller stays with the agent. */
const consultSchema = keptObject({
  /** What the person hears: who calls, about what, and which key takes the call. */
  summary: z.string(),
  /** BCP 47. */
  language: z.string(),
  /** The carrier's time of the key with which the person took the call. */
  acceptedAtMs: epochMs.optional(),
});

/** The latest hand-over of a call to a person. */
const transferSchema = keptObject({
  /** The target's name in the tenant's profile, and the number that it had there, in E.164. */
  target: z.string(),
  number: z.string(),
  generation: z.number().int().positive(),
  startedAtMs: epochMs,
  /** After how long the carrier ends the call with the person. */
  timeLimitSeconds: z.number().int().positive(),
  /** Absent: the caller is put through to whoever answers. */
  consult: consultSchema.optional(),
  /** The carrier's id of the leg to the person, once it told. */
  legCallID: z.string().optional(),
  legAnsweredAtMs: epochMs.optional(),
  /** The leg has ended. */
  legOver: z.boolean().optional(),
  /** By the carrier's time; where it did not tell, when the caller was the agent's again. */
  legEndedAtMs: epochMs.optional(),
  /** Of a transfer that gave the caller back: the carrier's time of its bridge, where a person had the caller. */
  bridgedAtMs: epochMs.optional(),
  /** It gave the caller back, for this reason. */
  failure: transferFailureSchema.optional(),
  /** The caller has been told of that. */
  told: z.boolean().optional(),
  /** The leg of the transfer before this one, which the carrier has not ended yet, and how that was known. */
  legBefore: keptObject({ legCallID: z.string(), generation: z.number().int().positive() }).optional(),
});
export type Transfer = z.output<typeof transferSchema>;

/** What was settled, so that a later, different settlement is a correction and not a second call. */
const settlementSchema = keptObject({
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
 * never logged. Read and written by the pods of the next and of the last release: fields that this one does not
 * know stay as they are.
 */
export const callRecordSchema = keptObject({
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
  /** The pod at which the last stream was lost: the next one goes elsewhere where there is room. */
  lostPod: z.string().optional(),
  /** The generation of the newest stream, 0 before the first. */
  generation: z.number().int().nonnegative(),
  /** The present stream was given from one pod to another in a pause of speech, so there is nothing to apologise for. */
  seamless: z.boolean().optional(),
  resumes: z.number().int().nonnegative(),
  command: commandSchema.optional(),
  /** Tries of the present step. */
  attempts: z.number().int().nonnegative(),
  deadlineAtMs: epochMs.optional(),
  startedAtMs: epochMs,
  /** The carrier's time of call.answered; absent for a call that was never answered. */
  answeredAtMs: epochMs.optional(),
  /** Nobody told when it was answered, only that it was: the carrier's word may yet come. */
  answerPresumed: z.boolean().optional(),
  treatment: treatmentSchema.optional(),
  /** The call whose transfer this one came back from: it was refused for that. */
  loopOf: z.uuid().optional(),
  /** The tenant has the call recorded. */
  recording: keptObject({
    /** For how long it keeps that. */
    retentionDays: z.number().int().positive(),
    /** What the carrier said to it; absent: nothing yet. */
    result: z.enum(['Done', 'Refused']).optional(),
  }).optional(),
  /** The recording of the voicemail or call is in the ledger. */
  recorded: z.boolean().optional(),
  transfer: transferSchema.optional(),
  /** How long people had the caller in the transfers before the latest one. */
  personMs: z.number().int().nonnegative().optional(),
  /** How many transfers there were. */
  transfers: z.number().int().nonnegative().default(0),
  /** The carrier's time of the bridge to the person who has the call: the call's seconds end there. */
  bridgedAtMs: epochMs.optional(),
  /** How long a person had it: what of it is in the tenant's count of the day. */
  transferSeconds: z.number().int().nonnegative().optional(),
  /** When the call was last known to be there, by what the carrier said or took. */
  aliveAtMs: epochMs.optional(),
  /** When we decided to end it; of a call that ended without us, when it was last known to be there. */
  endingAtMs: epochMs.optional(),
  /** The carrier's time of call.hangup; absent while, or when, it never told. */
  hungUpAtMs: epochMs.optional(),
  reason: hangupReasonSchema.optional(),
  carrierCause: z.string().optional(),
  settlement: settlementSchema.optional(),
  /** Redis lost the call, and it was written back: it may have been settled before. */
  rebuilt: z.boolean().optional(),
  /** While Redis is away: the pod that keeps the call for itself, as others may, too. Never in Redis. */
  alone: z.string().optional(),
});
export type CallRecord = z.output<typeof callRecordSchema>;

/** Whether the call needs its slot: not once a person has it. */
export function holdsSlot({ state }: CallRecord): boolean {
  return state !== 'settled' && state !== 'handed-over';
}

/**
 * Whether the next command of a call was stored and is not known to be sent. Whoever meets such a call sends it:
 * the pod that stored it may be gone, or may not know that it did. Sent twice, it is carried out once.
 */
export function owesCommand({ record }: StoredCall): boolean {
  return record.command?.done === false;
}

/** A call as it is decided upon. */
export interface StoredCall {
  readonly record: CallRecord;
  /** Absent until the first session kept it. */
  readonly conversation: ConversationState | undefined;
}
