import { systemClock } from '#lib/clock/clock.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { createLogger } from '#lib/log/logger.ts';
import { MIGRATE_OPTIONS } from './config.ts';
import { migrate } from './migrate.ts';

process.exitCode = await runProgram(process, {
  name: 'migrate',
  summary: 'makes the database roles and the schema that this release needs. Safe to repeat.',
  options: MIGRATE_OPTIONS,
  run: async (config, signal) => {
    // Postgres rolls back what was under way.
    signal.addEventListener('abort', () => process.exit(143), { once: true });
    const log = createLogger('migrate', config.LOG_LEVEL);
    try {
      const applied = await migrate({
        adminURL: config.ADMIN_DATABASE_URL,
        appPassword: config.APP_PASSWORD,
        workerPassword: config.WORKER_PASSWORD,
        backupPassword: config.BACKUP_PASSWORD,
        clock: systemClock,
        log,
      });
      log.info({ applied }, 'the schema is up to date');
      return 0;
    } catch (error) {
      log.error({ err: error }, 'the schema could not be brought up to date');
      return 1;
    }
  },
});
