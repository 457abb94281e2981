import { runProgram } from '#lib/lifecycle/run-program.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Database } from '../database/database.ts';
import { PasswordHasher } from '../identity/password-hasher.ts';
import { CommandRefused, runCommand, USAGE } from './commands.ts';
import { ADMIN_OPTIONS } from './config.ts';

process.exitCode = await runProgram(process, {
  name: 'admin',
  summary: `what people who run the platform do by hand.\n\n${USAGE}`,
  options: ADMIN_OPTIONS,
  run: async (config) => {
    const log = createLogger('admin', config.LOG_LEVEL);
    const database = new Database({
      url: config.WORKER_DATABASE_URL,
      name: 'veralux-admin',
      maxConnections: 1,
      log,
    });
    const deps = { database, hasher: new PasswordHasher(), consoleURL: config.CONSOLE_URL };
    try {
      process.stdout.write(`${await runCommand(deps, process.argv.slice(2))}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      process.stderr.write(`${error.message}\n`);
      return 1;
    } finally {
      await database.end();
    }
  },
});
