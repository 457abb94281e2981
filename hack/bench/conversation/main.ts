import { runBenchProgram } from '../run-bench-program.ts';
import { benchOptions } from './config.ts';
import { runBenches } from './run-benches.ts';

process.exit(
  await runBenchProgram(process, {
    name: 'bench-conversation',
    summary: 'measures the parts of a conversation beside other programs that do the same.',
    options: benchOptions,
    run: runBenches,
  }),
);
