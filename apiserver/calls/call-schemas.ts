import { z } from 'zod';
import { hangupReasonSchema } from '#crds/ledger/hangup-reason.ts';
import { turnStagesSchema } from '#crds/ledger/ledger-event.ts';

/** The shapes in which calls and leads appear in replies. Times are UTC, ISO 8601. */
const time = z.iso.datetime();

export const callSummarySchema = z.strictObject({
  id: z.uuid(),
  from: z.string().nullable().describe('As the carrier gave it: E.164, a SIP address, or anonymous.'),
  to: z.string().nullable().describe('The number that was dialled.'),
  startedAt: time,
  answeredAt: time.nullable().describe('Null: not answered.'),
  endedAt: time.nullable().describe('Null: still going on.'),
  hangupReason: hangupReasonSchema.nullable(),
  seconds: z
    .number()
    .int()
    .nullable()
    .describe(
      'From answered to hang-up, or to the bridge to a person, as metered; null until the call is settled.',
    ),
  hasLead: z.boolean(),
});

const ms = z.number().int().nonnegative();

const leadFieldSchema = z.strictObject({
  name: z.string(),
  label: z.string(),
  value: z.string(),
  spoken: z.string().describe("The caller's words it was taken from."),
});

export const leadSchema = z.strictObject({
  callID: z.uuid(),
  from: z.string().nullable().describe("The caller's number, as the carrier gave it."),
  workflow: z.string(),
  complete: z.boolean().describe('False when the caller hung up before the last field.'),
  fields: z.array(leadFieldSchema),
  capturedAt: time,
});

export const callDetailSchema = callSummarySchema.extend({
  runtime: z.string().nullable().describe('The VoiceRuntime that held the call, namespace/name.'),
  carrierCallID: z.string().nullable(),
  carrierCause: z.string().nullable().describe("The carrier's own word for the end."),
  transcript: z.array(
    z.strictObject({
      index: z.number().int(),
      speaker: z.enum(['Agent', 'Caller']),
      text: z.string(),
      startedAtMs: z.number().int().describe('Milliseconds after the call was answered.'),
      endedAtMs: z.number().int(),
      interrupted: z.boolean(),
      stages: turnStagesSchema.nullable().describe('Where the time went before an answer of the agent.'),
    }),
  ),
  events: z
    .array(
      z.strictObject({
        kind: z.enum(['Started', 'Answered', 'Recorded', 'LeadCaptured', 'Ended']),
        at: time,
      }),
    )
    .describe('What happened, in the order in which it did; what was said is in `transcript`.'),
  timings: z.strictObject({
    ringingMs: ms.nullable().describe('Until it was answered; null: it was not.'),
    talkingMs: ms.nullable().describe('From then to the end; null: there was none yet.'),
    answers: z
      .strictObject({
        count: z.number().int(),
        medianMs: ms.describe("From the caller's last sound to the agent's first."),
        longestMs: ms,
      })
      .nullable()
      .describe('How long the caller waited for the agent; null where that was not measured.'),
  }),
  lead: leadSchema.nullable(),
  recording: z
    .strictObject({
      purpose: z.enum(['Voicemail', 'Call']).describe('A message that was left, or the whole of the call.'),
      startedAt: time,
      durationMs: z.number().int(),
    })
    .nullable()
    .describe('What the carrier recorded; null: nothing.'),
  usage: z
    .strictObject({
      month: z.string().describe('The UTC month it counts to, YYYY-MM.'),
      callSeconds: z.number().int(),
      sttSeconds: z.number().int(),
      ttsCharacters: z.number().int(),
    })
    .nullable()
    .describe('Null until the call is settled.'),
});

export type LeadField = z.output<typeof leadFieldSchema>;
export type CallDetail = z.input<typeof callDetailSchema>;
