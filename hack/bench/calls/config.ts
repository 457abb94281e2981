import { z } from 'zod';
import { type ConfigOf, option } from '#lib/config/config.ts';
import { NODE_FLAGS } from '#operator/voice-runtime/pod-template.ts';
import { askedBenches } from '../asked-benches.ts';
import type { KeptBenches } from '../results.ts';

export const BENCH_NAMES = ['calls', 'turns', 'first-audio', 'memory', 'admission', 'capacity'] as const;
export type BenchName = (typeof BENCH_NAMES)[number];

/** The number of calls for which there are targets, and the only one whose figures go into the README. */
export const FULL_SIZE = 150;

export const KEPT_BENCHES: KeptBenches = {
  readme: 'runtime/README.md',
  folder: 'hack/bench/calls/generated',
  benches: BENCH_NAMES,
  size: FULL_SIZE,
};

/** How a runtime is started that is measured. */
export const runtimeProcessOptions = {
  RUNTIME_FLAGS: {
    schema: z.string(),
    default: NODE_FLAGS.join(' '),
    description:
      "Node.js' flags for the runtime, with spaces between them; those of Managed pods unless told otherwise.",
  },
  PROFILE: {
    schema: option.boolean,
    default: 'false',
    description: "true writes V8 profiles of the runtime's CPU beside the logs; they cost it time.",
  },
} as const;

/** The settings of `make bench-calls`, all environment variables. */
export const benchOptions = {
  BENCH: {
    schema: askedBenches(BENCH_NAMES),
    default: 'all',
    description: 'Which benches to run, with commas between them.',
  },
  CALLS: {
    schema: option.positiveInt,
    default: String(FULL_SIZE),
    description: 'How many calls are up at once. Fewer are for trying the benches out.',
  },
  SECONDS: {
    schema: option.positiveInt,
    default: '600',
    description: 'How long the calls bench goes on; turns takes a fifth of it.',
  },
  STEP_SECONDS: {
    schema: option.positiveInt,
    default: '30',
    description: 'How long the capacity bench looks at each number of calls.',
  },
  ...runtimeProcessOptions,
} as const;

export type BenchConfig = ConfigOf<typeof benchOptions>;
