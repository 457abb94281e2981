import { HttpServer } from '#lib/http/http-server.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { supervise } from '#lib/lifecycle/supervisor.ts';
import { createLogger } from '#lib/log/logger.ts';
import { options } from './config.ts';
import { enginesListener } from './engines-server.ts';

process.exitCode = await runProgram(process, {
  name: 'engines',
  summary: 'speech to text and text to speech for machines without a GPU, with OpenAI-compatible interfaces',
  options,
  run(config, signal) {
    const log = createLogger('engines', config.LOG_LEVEL);
    const listener = enginesListener({
      log,
      path: config.PATH,
      concurrency: config.CONCURRENCY,
      maxQueued: config.MAX_QUEUED,
    });
    const server = new HttpServer({ name: 'engines', host: config.HOST, port: config.PORT, listener, log });
    return supervise({ log, services: [server], signal, drainTimeoutMs: config.DRAIN_TIMEOUT_MS });
  },
});
