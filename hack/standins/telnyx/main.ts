import { createCallerSpeech, createOpenCaller } from '#hack/caller/open-caller.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { createLogger } from '#lib/log/logger.ts';
import { options } from './config.ts';
import { startTelnyxStandIn } from './stand-in.ts';

process.exitCode = await runProgram(process, {
  name: 'telnyx-stand-in',
  summary: 'a Telnyx of our own for tests and demonstrations, with callers who speak',
  options,
  async run(config, signal) {
    const log = createLogger('telnyx-stand-in', config.LOG_LEVEL);
    const speech = createCallerSpeech(config.PATH);
    try {
      const standIn = await startTelnyxStandIn({
        host: config.HOST,
        port: config.PORT,
        apiKey: config.API_KEY,
        profile: config.PROFILE,
        openCaller: createOpenCaller(config.PATH),
        synthesise: (text) => speech.synthesise(text, 'awb', signal),
        ...(config.WEBHOOK_PRIVATE_KEY === undefined
          ? {}
          : { webhookPrivateKey: config.WEBHOOK_PRIVATE_KEY }),
        ...(config.STATE_FILE === undefined ? {} : { stateFile: config.STATE_FILE }),
        ...(config.RECORDING_FOLDER === undefined ? {} : { recordingFolder: config.RECORDING_FOLDER }),
      });
      log.info({ url: standIn.url, publicKey: standIn.publicKey }, 'listening');
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await standIn.stop();
      return 0;
    } catch (error) {
      log.fatal({ err: error }, `the stand-in ended: ${messageOf(error)}`);
      return 1;
    }
  },
});
