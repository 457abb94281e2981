import { runBenchProgram } from '../run-bench-program.ts';
import { benchOptions } from './config.ts';
import { runBenches } from './run-benches.ts';

process.exit(
  await runBenchProgram(process, {
    name: 'bench-apiserver',
    summary:
      'measures the API server beside a bare route with the same statements, and while passwords are hashed.',
    options: benchOptions,
    run: runBenches,
  }),
);
