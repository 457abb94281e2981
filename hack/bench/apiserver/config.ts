import { type ConfigOf, option } from '#lib/config/config.ts';
import { askedBenches } from '../asked-benches.ts';
import type { KeptBenches } from '../results.ts';

export const BENCH_NAMES = ['read', 'logins', 'signup', 'observed', 'usage'] as const;
export type BenchName = (typeof BENCH_NAMES)[number];

/** The number of tenants for which there are targets, and the only one whose figures go into the README. */
const FULL_SIZE = 1_000;

export const KEPT_BENCHES: KeptBenches = {
  readme: 'apiserver/README.md',
  folder: 'hack/bench/apiserver/generated',
  benches: BENCH_NAMES,
  size: FULL_SIZE,
};

/** The settings of `make bench-apiserver`, all environment variables. */
export const benchOptions = {
  BENCH: {
    schema: askedBenches(BENCH_NAMES),
    default: 'all',
    description: 'Which benches to run, with commas between them.',
  },
  TENANTS: {
    schema: option.positiveInt,
    default: String(FULL_SIZE),
    description: 'How many tenants have rows. Another number is for trying the benches out.',
  },
  SECONDS: {
    schema: option.positiveInt,
    default: '10',
    description:
      'How long each route is asked in a round of the read bench; calls end five times as long in usage.',
  },
  ROUNDS: {
    schema: option.positiveInt,
    default: '3',
    description: 'How often the routes take turns in the read bench.',
  },
  LOGINS: {
    schema: option.positiveInt,
    default: '100',
    description:
      'How many people log in at once in the logins bench, and sign up one after the other in signup; and how many Tenants are made in observed.',
  },
  PROFILE: {
    schema: option.boolean,
    default: 'false',
    description: "true writes V8 profiles of the API server's CPU beside the logs; they cost it time.",
  },
} as const;

export type BenchConfig = ConfigOf<typeof benchOptions>;
