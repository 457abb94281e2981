import { runBenchProgram } from '../run-bench-program.ts';
import { benchOptions } from './config.ts';
import { runBenches } from './run-benches.ts';

process.exit(
  await runBenchProgram(process, {
    name: 'bench-operator',
    summary: 'measures the operator beside raw baselines, on a control plane of its own.',
    options: benchOptions,
    run: runBenches,
  }),
);
