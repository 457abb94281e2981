import { runBenchProgram } from '../run-bench-program.ts';
import { benchOptions } from './config.ts';
import { runBenches } from './run-benches.ts';

process.exit(
  await runBenchProgram(process, {
    name: 'bench-calls',
    summary: 'measures many calls in one runtime pod on a CPU of its own, with all else on the others.',
    options: benchOptions,
    run: runBenches,
  }),
);
