import { join } from 'node:path';
import { Instance } from '#hack/local/instance.ts';
import { ensurePackages } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { stormOptions } from './config.ts';
import { runStorms } from './run-storms.ts';
import { soak } from './soak.ts';

const NAME = 'call-storm';

process.exit(
  await runProgram(process, {
    name: NAME,
    summary: 'random calls and faults against pods of the runtime, judged by the carrier; or a soak.',
    options: stormOptions,
    async run(config) {
      await ensurePackages(createProgress(process.stderr));
      const instance = await Instance.open(NAME);
      const stopListening = instance.endOnSignal();
      try {
        if (config.SOAK_MINUTES > 0) return await soak(config, instance, process.stdout);
        return await runStorms(config, {
          instance,
          out: process.stdout,
          failures: join(instance.directory, 'failures'),
        });
      } catch (error) {
        process.stderr.write(`${messageOf(error)}\n`);
        return 1;
      } finally {
        stopListening();
        await instance.endAll();
      }
    },
  }),
);
