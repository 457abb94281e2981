import { z } from 'zod';

const ms = z.number().int().min(0).max(120_000);
/** In decibels against a caller who speaks normally. */
const level = z.number().min(-60).max(6).default(0);

/**
 * When the caller does it. Without either: once the agent has spoken and been silent for half a second. `into`: so long
 * after the agent begins to speak; `after`: so long after the step before.
 */
const when = { into: ms.optional(), after: ms.optional() };

/** What the caller, or the world around the call, does next. */
const stepSchema = z.union([
  z.strictObject({
    say: z.string().describe('Words; [800] between them is a pause of so many ms.'),
    level,
    ...when,
  }),
  z.strictObject({
    noise: ms.describe('A cough, a door: sound without words, of so many ms.'),
    level,
    ...when,
  }),
  z.strictObject({ press: z.string().regex(/^[0-9*#]+$/), ...when }),
  z.strictObject({ silence: ms.describe('Nothing, for so long.') }),
  z.strictObject({ hangUp: z.literal(true), ...when }),
  z.strictObject({
    pod: z
      .enum(['dies', 'gives'])
      .describe('Another pod takes the call: unprepared, or given it in a pause.'),
    ...when,
  }),
]);

/**
 * What an engine does with its requests, one after another; the last goes on for ever. `breaks`: fails in the middle of
 * its answer. `stalls`: says no more from there, until it is timed out.
 */
const behaviourSchema = z
  .array(z.enum(['works', 'fails', 'hangs', 'breaks', 'stalls']))
  .min(1)
  .default(['works']);

/** What the language model writes to a request: texts and tool calls. */
const answerSchema = z.array(
  z.union([
    z.string(),
    z.strictObject({ tool: z.string(), args: z.record(z.string(), z.unknown()).default({}) }),
  ]),
);

export const scenarioSchema = z.strictObject({
  title: z.string().describe('What it shows, as a sentence.'),
  tenant: z.record(z.string(), z.unknown()).default({}).describe('What differs from the profile of Acme.'),
  from: z.string().default('+12125550142'),
  to: z.string().default('+12125550100'),
  /** When the call is answered; Monday in the afternoon unless it matters. */
  at: z.iso.datetime().default('2026-11-30T15:00:00Z'),
  /** With it the language model leads the conversation. */
  model: z.array(answerSchema).optional(),
  stt: behaviourSchema,
  llm: behaviourSchema,
  tts: behaviourSchema,
  /** After which an engine that hangs is given up. */
  engineTimeoutMs: ms.default(5_000),
  /** What the tenant's own tools answer, one call after another, and how long they take. */
  tools: z.array(z.strictObject({ answers: z.string(), afterMs: ms })).default([]),
  /** The agent's own words come back to it on the caller's line. */
  echo: z.strictObject({ level: z.number().min(-60).max(0), delayMs: ms }).optional(),
  /**
   * What becomes of transfers: a person takes the call, lets it ring, cannot be dialled, or presses the key that declines
   * it; or a voicemail answers, which presses none.
   */
  transfer: z.enum(['answered', 'unanswered', 'refused', 'declined', 'voicemail']).default('answered'),
  /** The caller has to wait for longer than 2 s after their words, for so long. */
  longestWaitMs: ms.default(2_000),
  /** Calls that do not end by themselves. */
  endsAfterMs: ms.default(120_000),
  call: z.array(stepSchema),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type CallerStep = Scenario['call'][number];
