import { z } from 'zod';
import { hangupReasonSchema } from './hangup-reason.ts';

/**
 * What the runtime reports of a call, through the ledger stream to Postgres. An event's id is
 * `<callID>/<kind>` (turns: `<callID>/turn/<index>`): writing it twice changes nothing. A later,
 * different settlement of the same call carries a higher revision and replaces the earlier.
 */
const common = {
  schemaVersion: z.literal(1),
  id: z.string().min(1).max(200),
  tenantID: z.uuid(),
  callID: z.uuid(),
  occurredAt: z.iso.datetime().describe('UTC, when it happened at the carrier or in the call.'),
};

/**
 * Of an ending told by a runtime whose Redis had lost the call's record, or by a pod without Redis. So far below 0
 * that its corrections are, too: what they correct may have been told before, with corrections of its own.
 */
export const REBUILT_REVISION = -1_000;
/** Postgres holds revisions in 32 bits. */
const LOWEST_REVISION = -(2 ** 31);

/**
 * Of an answer that the carrier has not told, taken to be at `atMs`: below its word, and no two of them share one,
 * as a call of which Redis lost the record may be presumed to be answered for a second time.
 */
export function presumedRevision(atMs: number): number {
  return LOWEST_REVISION + (atMs % 2 ** 31);
}

const revision = z
  .number()
  .int()
  .min(LOWEST_REVISION)
  .describe(
    '0 for what is told first; below it what gives way to that, as where Redis was away or had lost the record. A higher one replaces a lower.',
  );

export const callStartedSchema = z.object({
  ...common,
  kind: z.literal('started'),
  from: z.string().max(200).describe('As the carrier gave it: E.164, a SIP address, or anonymous.'),
  to: z.string().max(200),
  runtime: z.string(),
  carrierCallID: z.string().max(500).describe("The carrier's call_control_id."),
  unchecked: z
    .boolean()
    .optional()
    .describe('True where it was taken while Redis was away, so that a limit may have been passed by it.'),
  revision: revision.optional().describe('Below 0 where it is unchecked; else absent.'),
});

export const callAnsweredSchema = z.object({
  ...common,
  kind: z.literal('answered'),
  revision: revision
    .optional()
    .describe('Below 0 where the carrier did not tell of the answer; else absent.'),
});

const ms = z.number().int().nonnegative();

/** Of an answer of the agent: what was done while something else was waited for took no time. */
export const turnStagesSchema = z.object({
  endpointingMs: ms.describe(
    'From the last sound of the caller until it was certain that the turn was over.',
  ),
  sttMs: ms.describe('Until its words were recognised.'),
  llmMs: ms.describe('Until the first words of the answer were there.'),
  ttsMs: ms.describe('Until their first sound was.'),
  ownMs: ms.describe('Until it was on its way to the caller: our own share.'),
});

export const callTurnSchema = z.object({
  ...common,
  kind: z.literal('turn'),
  index: z.number().int().nonnegative().describe('0 for the greeting, counting both speakers.'),
  speaker: z.enum(['Agent', 'Caller']),
  text: z.string().max(8_192).describe('What was said and heard, not what was planned.'),
  startedAtMs: z.number().int().nonnegative().describe('Milliseconds after the call was answered.'),
  endedAtMs: z.number().int().nonnegative(),
  interrupted: z.boolean().default(false),
  stages: turnStagesSchema
    .optional()
    .describe('Where the time went before an answer of the agent; absent of other turns.'),
});

export const callLeadSchema = z.object({
  ...common,
  kind: z.literal('lead'),
  revision,
  workflow: z.string(),
  complete: z.boolean().describe('False when the caller hung up before the last field.'),
  fields: z.array(
    z.object({
      name: z.string().max(63),
      label: z.string().max(200),
      value: z.string().max(4_096),
      spoken: z.string().max(4_096).describe("The caller's words it was taken from."),
    }),
  ),
});

export const callRecordingSchema = z.object({
  ...common,
  kind: z.literal('recording'),
  purpose: z
    .enum(['Voicemail', 'Call'])
    .describe('A message that was left where no agent took the call, or the whole of a call.'),
  durationMs: z.number().int().nonnegative(),
  carrierLegID: z
    .string()
    .max(200)
    .describe(
      "The carrier's call_leg_id, under which it gives out the sound. Its links last for minutes, so none is kept.",
    ),
  retentionDays: z
    .number()
    .int()
    .positive()
    .optional()
    .describe(
      'For how long the tenant keeps it, as it was set when the call came; absent where that is not known.',
    ),
});

export const callEndedSchema = z.object({
  ...common,
  kind: z.literal('ended'),
  revision,
  reason: hangupReasonSchema,
  carrierCause: z.string().max(100).optional().describe("The carrier's hangup_cause."),
});

export const callUsageSchema = z.object({
  ...common,
  kind: z.literal('usage'),
  revision,
  month: z
    .string()
    .regex(/^\d{4}-\d{2}$/)
    .describe('UTC month of call.answered, YYYY-MM.'),
  calls: z.number().int().nonnegative().describe('1 for an answered call.'),
  callSeconds: z
    .number()
    .int()
    .nonnegative()
    .describe("The carrier's time from answered to hang-up, or to the bridge to a person."),
  sttSeconds: z
    .number()
    .int()
    .nonnegative()
    .describe('Caller audio, counted once however often transcribed.'),
  ttsCharacters: z.number().int().nonnegative(),
});

export const ledgerEventSchema = z.discriminatedUnion('kind', [
  callStartedSchema,
  callAnsweredSchema,
  callTurnSchema,
  callLeadSchema,
  callRecordingSchema,
  callEndedSchema,
  callUsageSchema,
]);

export type LedgerEvent = z.output<typeof ledgerEventSchema>;
export type TurnStages = z.output<typeof turnStagesSchema>;
export type CallTurn = z.output<typeof callTurnSchema>;
export type CallUsage = z.output<typeof callUsageSchema>;

/** The revision of an event; 0 where it has none. */
export function revisionOf(event: LedgerEvent): number {
  return ('revision' in event ? event.revision : undefined) ?? 0;
}
