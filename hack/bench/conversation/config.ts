import { type ConfigOf, option } from '#lib/config/config.ts';
import { askedBenches } from '../asked-benches.ts';
import type { KeptBenches } from '../results.ts';

export const BENCH_NAMES = ['media'] as const;
export type BenchName = (typeof BENCH_NAMES)[number];

/** The length of speech for which figures go into the README. */
export const FULL_SIZE = 600;

export const KEPT_BENCHES: KeptBenches = {
  readme: 'runtime/media/README.md',
  folder: 'hack/bench/conversation/generated',
  benches: BENCH_NAMES,
  size: FULL_SIZE,
};

/** The settings of `make bench-conversation`, all environment variables. */
export const benchOptions = {
  BENCH: {
    schema: askedBenches(BENCH_NAMES),
    default: 'all',
    description: 'Which benches to run, with commas between them.',
  },
  SECONDS: {
    schema: option.positiveInt,
    default: String(FULL_SIZE),
    description: 'How much speech is converted and coded. Less is for trying the benches out.',
  },
} as const;

export type BenchConfig = ConfigOf<typeof benchOptions>;
