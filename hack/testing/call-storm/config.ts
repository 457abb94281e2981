import { z } from 'zod';
import { profileSchema } from '#hack/standins/telnyx/settings.ts';
import { type ConfigOf, option } from '#lib/config/config.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';

/** Names of one list, with commas between them. */
function namesOf<T extends string>(known: readonly T[]) {
  return z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(known)).min(1));
}

/** The settings of `make storm-calls` and `make soak-calls`, all environment variables. */
export const stormOptions = {
  RUNS: { schema: option.positiveInt, default: '1000', description: 'How many schedules.' },
  SEED: {
    schema: z.coerce.number().int().min(0).max(0x7fff_ffff),
    default: String(Math.floor(Math.random() * 1_000_000) * 1_000),
    description: 'Of the first schedule; the others have those that follow. Drawn by chance.',
  },
  SCHEDULE: {
    schema: z.string(),
    optional: true,
    description:
      'A file with one schedule, the name of one in named-schedules.ts, or `named` for all of those: run instead of random ones, as often as RUNS says.',
  },
  SHRINK: {
    schema: z.coerce.number().int().min(0).max(1_000),
    default: '0',
    description: 'How many smaller schedules are tried after a failure, to find the least that fails.',
  },
  OTHER_RELEASE: {
    schema: z.string(),
    optional: true,
    description:
      'A checkout of another release below this one, whose pods then are every second; absent: none.',
  },
  WORLDS: {
    schema: option.positiveInt,
    default: '1',
    description: 'How many schedules run side by side, each with pods and a Redis of its own.',
  },
  PODS: { schema: option.positiveInt, default: '3', description: 'How many pods of the runtime.' },
  MAX_CALLS: { schema: option.positiveInt, default: '200', description: 'Calls of a schedule at most.' },
  MAX_FAULTS: {
    schema: z.coerce.number().int().min(0).max(1_000),
    default: '6',
    description: 'Faults of a schedule at most.',
  },
  LASTS_SECONDS: {
    schema: option.positiveInt,
    default: '15',
    description: 'Within so long the calls come.',
  },
  SILENT_CALLERS: {
    schema: option.boolean,
    default: 'true',
    description: 'Whether there are callers who say nothing until the agent gives up, after half a minute.',
  },
  CUT_SECONDS: {
    schema: z
      .string()
      .transform((text) => text.split(',').map(Number))
      .pipe(z.array(z.number().positive().max(600)).min(1)),
    default: '1,10,60',
    description: 'How long pods are cut off from Redis: one of these.',
  },
  CARRIERS: {
    schema: namesOf(profileSchema.options),
    default: 'fast,realistic,hostile',
    description: "Profiles of the carrier's stand-in.",
  },
  FAULTS: {
    schema: namesOf<FaultKind>(FAULT_KINDS),
    default: FAULT_KINDS.join(','),
    description: 'Kinds of faults.',
  },
  SILENCE_MS: {
    schema: option.positiveInt,
    default: '2000',
    description: 'How long nobody may be heard while a caller waits for the agent.',
  },
  UNREPORTED_SILENCE_MS: {
    schema: option.positiveInt,
    default: '5000',
    description: 'The same where the carrier reports no loss.',
  },
  SOAK_MINUTES: {
    schema: z.coerce.number().min(0).max(10_000),
    default: '0',
    description:
      'Above 0: no storms, but calls that come and go for so long, with memory and handles watched.',
  },
  SOAK_CALLS: {
    schema: option.positiveInt,
    default: '40',
    description: 'Calls that are up at once in a soak.',
  },
} as const;

export type StormConfig = ConfigOf<typeof stormOptions>;
