import { readFile } from 'node:fs/promises';
import { systemClock } from '#lib/clock/clock.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { supervise } from '#lib/lifecycle/supervisor.ts';
import { createLogger } from '#lib/log/logger.ts';
import { options } from './config.ts';
import { EnginesServer } from './engines-server.ts';
import { receptionistRules } from './receptionist-rules.ts';
import { type Rules, rulesSchema } from './rule-model.ts';

process.exitCode = await runProgram(process, {
  name: 'engines',
  summary:
    'speech and a language model by rules for machines without a GPU, with OpenAI-compatible interfaces',
  options,
  async run(config, signal) {
    const log = createLogger('engines', config.LOG_LEVEL);
    const server = new EnginesServer({
      host: config.HOST,
      port: config.PORT,
      log,
      path: config.PATH,
      concurrency: config.CONCURRENCY,
      maxQueued: config.MAX_QUEUED,
      chat: {
        rules: await rulesOf(config.RULES),
        firstTokenMs: config.FIRST_TOKEN_MS,
        tokensPerSecond: config.TOKENS_PER_SECOND,
        clock: systemClock,
      },
    });
    return supervise({ log, services: [server], signal, drainTimeoutMs: config.DRAIN_TIMEOUT_MS });
  },
});

async function rulesOf(path: string | undefined): Promise<Rules> {
  if (path === undefined) return receptionistRules;
  return rulesSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}
