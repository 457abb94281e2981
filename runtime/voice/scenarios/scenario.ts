import { z } from 'zod';

const ms = z.number().int().min(0).max(120_000);

/** What the caller does next. Without more said: once the agent has spoken and been silent for half a second. */
const stepSchema = z.union([
  z.strictObject({
    say: z.string().describe('Words; [800] between them is a pause of so many ms.'),
    /** So long after the agent begins to speak instead. */
    into: ms.optional(),
    /** So long after the step before instead. */
    after: ms.optional(),
    /** In decibels against a caller who speaks normally. */
    level: z.number().min(-60).max(6).default(0),
  }),
  z.strictObject({
    noise: ms.describe('A cough, a door: sound without words, of so many ms.'),
    into: ms.optional(),
    after: ms.optional(),
    level: z.number().min(-60).max(6).default(0),
  }),
  z.strictObject({ press: z.string().regex(/^[0-9*#]+$/), into: ms.optional(), after: ms.optional() }),
  z.strictObject({ silence: ms.describe('Nothing, for so long.') }),
  z.strictObject({ hangUp: z.literal(true), into: ms.optional(), after: ms.optional() }),
]);

/** What an engine does with its requests, one after another; the last goes on for ever. */
const behaviourSchema = z.array(z.enum(['works', 'fails', 'hangs', 'breaks'])).default(['works']);

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
  /** The conversation as another pod left it. */
  conversation: z.record(z.string(), z.unknown()).optional(),
  /** With it the language model leads the conversation. */
  model: z.array(answerSchema).optional(),
  stt: behaviourSchema,
  llm: behaviourSchema,
  tts: behaviourSchema,
  /** The agent's own words come back to it on the caller's line. */
  echo: z.strictObject({ level: z.number().min(-60).max(0), delayMs: ms }).optional(),
  /** Whether a person takes a transferred call. */
  answersTransfer: z.boolean().default(true),
  /** Calls that do not end by themselves. */
  endsAfterMs: ms.default(120_000),
  call: z.array(stepSchema),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type CallerStep = Scenario['call'][number];
