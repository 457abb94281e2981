import { messageOf } from '#lib/errors/operating-error.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { benchOptions } from './config.ts';
import { runBenches } from './run-benches.ts';

process.exit(
  await runProgram(process, {
    name: 'bench-conversation',
    summary: 'measures the parts of a conversation beside other programs that do the same.',
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
