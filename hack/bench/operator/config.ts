import { z } from 'zod';
import { type ConfigOf, option } from '#lib/config/config.ts';
import { askedBenches } from '../asked-benches.ts';
import type { KeptBenches } from '../results.ts';

/** In the order in which they run: those that want a quiet site before those that disturb it. */
export const BENCH_NAMES = [
  'cold',
  'memory',
  'idle',
  'restart',
  'drift',
  'shared-secret',
  'signup',
  'stock-client',
] as const;
export type BenchName = (typeof BENCH_NAMES)[number];

/** The number of Tenants for which there are targets, and the only one whose figures go into the README. */
export const FULL_SIZE = 10_000;

export const KEPT_BENCHES: KeptBenches = {
  readme: 'operator/README.md',
  folder: 'hack/bench/operator/generated',
  benches: BENCH_NAMES,
  size: FULL_SIZE,
};

/** The settings of `make bench-operator`, all environment variables. */
export const benchOptions = {
  BENCH: {
    schema: askedBenches(BENCH_NAMES),
    default: 'all',
    description: 'Which benches to run, with commas between them.',
  },
  TENANTS: {
    schema: option.positiveInt,
    default: String(FULL_SIZE),
    description: 'How many Tenants there are. Fewer are for trying the benches out.',
  },
  ROUNDS: {
    schema: option.positiveInt,
    default: '3',
    description: 'How often the cold bench runs the operator and the raw pool, in turn.',
  },
  QUIET_SECONDS: {
    schema: option.positiveInt,
    default: '300',
    description: 'How long nothing happens before memory is measured.',
  },
  IDLE_SECONDS: {
    schema: option.positiveInt,
    default: '330',
    description: 'How long the idle operator is watched before that is scaled to an hour.',
  },
  SIGNUP_SECONDS: {
    schema: option.positiveInt,
    default: '90',
    description: 'How long companies sign up, at each of two paces.',
  },
  OPERATOR_FLAGS: {
    schema: z.string(),
    default: '--max-semi-space-size=4 --max-old-space-size=384',
    description: "Node.js' flags for the operator, as operator/README.md advises for its container.",
  },
  PROFILE: {
    schema: option.boolean,
    default: 'false',
    description: "true writes V8 profiles of the operator's CPU beside the logs; they cost it time.",
  },
} as const;

export type BenchConfig = ConfigOf<typeof benchOptions>;
