import { type ConfigOf, option } from '#lib/config/config.ts';
import { askedBenches } from '../asked-benches.ts';
import { runtimeProcessOptions } from '../calls/config.ts';
import type { KeptBenches } from '../results.ts';

export const BENCH_NAMES = ['media', 'turns', 'waits', 'mouth-to-ear'] as const;
export type BenchName = (typeof BENCH_NAMES)[number];

/** The length of speech, or of the calls, for which figures go into the READMEs. */
const FULL_SIZE = 120;

const common = { folder: 'hack/bench/conversation/generated', size: FULL_SIZE };

export const KEPT_MEDIA_BENCHES = {
  ...common,
  readme: 'runtime/media/README.md',
  benches: ['media'],
} as const satisfies KeptBenches;

export const KEPT_VOICE_BENCHES = {
  ...common,
  readme: 'runtime/voice/README.md',
  benches: ['turns', 'waits', 'mouth-to-ear'],
} as const satisfies KeptBenches;

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
    description:
      'How much speech is converted and coded, and how long each bench has calls. Less is for trying the benches out.',
  },
  ...runtimeProcessOptions,
} as const;

export type BenchConfig = ConfigOf<typeof benchOptions>;
