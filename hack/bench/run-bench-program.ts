import type { ConfigOf, OptionTable } from '#lib/config/config.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { type ProcessPort, runProgram } from '#lib/lifecycle/run-program.ts';

interface BenchProgram<T extends OptionTable> {
  readonly name: string;
  readonly summary: string;
  readonly options: T;
  /** Resolves to the exit status. */
  readonly run: (config: ConfigOf<T>, output: NodeJS.WriteStream) => Promise<number>;
}

/** Runs a set of benches as a program: what goes wrong is told in a sentence, and is exit status 1. */
export function runBenchProgram<const T extends OptionTable>(
  process: ProcessPort & { readonly stdout: NodeJS.WriteStream },
  { run, ...program }: BenchProgram<T>,
): Promise<number> {
  return runProgram(process, {
    ...program,
    async run(config) {
      try {
        return await run(config, process.stdout);
      } catch (error) {
        process.stderr.write(`${messageOf(error)}\n`);
        return 1;
      }
    },
  });
}
