import { messageOf } from '#lib/errors/operating-error.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { benchOptions } from './config.ts';
import { runBenches } from './run-benches.ts';

process.exit(
  await runProgram(process, {
    name: 'bench-operator',
    summary: 'measures the operator beside raw baselines, on a control plane of its own.',
    options: benchOptions,
    async run(config) {
      try {
        return await runBenches(config, process.stdout);
      } catch (error) {
        process.stderr.write(`${messageOf(error)}\n`);
        return 1;
      }
    },
  }),
);
