import { z } from 'zod';
import { option } from '#lib/config/config.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { createLogger } from '#lib/log/logger.ts';
import { TcpService } from './tcp-service.ts';

process.exitCode = await runProgram(process, {
  name: 'service',
  summary: 'passes connections on to several backends, as a Service does in a cluster.',
  options: {
    HOST: { schema: z.string(), default: '127.0.0.1', description: 'The address to listen on.' },
    PORT: { schema: option.port, description: 'The port to listen on.' },
    BACKENDS: {
      schema: z.string().transform((text) => text.split(',')),
      description: 'host:port of each, with commas between them.',
    },
  },
  async run({ HOST, PORT, BACKENDS }, signal) {
    const log = createLogger('service', 'info');
    const service = await TcpService.start({ host: HOST, port: PORT, backends: BACKENDS });
    log.info({ port: service.port, backends: BACKENDS }, 'listening');
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await service.stop();
    return 0;
  },
});
