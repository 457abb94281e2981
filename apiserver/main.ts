import { systemClock } from '#lib/clock/clock.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { createLogger } from '#lib/log/logger.ts';
import { API_SERVER_OPTIONS, checkConfig } from './config.ts';
import { runApiServer } from './server.ts';

const status = await runProgram(process, {
  name: 'apiserver',
  summary: 'people, tenants, calls, leads and usage over HTTP; the writer of the call ledger.',
  options: API_SERVER_OPTIONS,
  check: checkConfig,
  run: async (config, signal) => {
    const log = createLogger('apiserver', config.LOG_LEVEL);
    try {
      return await runApiServer(config, { log, clock: systemClock, signal });
    } catch (error) {
      log.fatal({ err: error }, 'the API server could not start');
      return 1;
    }
  },
});
process.exit(status);
