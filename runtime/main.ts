import { systemClock } from '#lib/clock/clock.ts';
import { runProgram } from '#lib/lifecycle/run-program.ts';
import { supervise } from '#lib/lifecycle/supervisor.ts';
import { createLogger, type Logger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { type RuntimeConfig, runtimeOptions } from './config.ts';
import { createEngineObserver } from './engine-metrics.ts';
import { createEngines } from './engines/create-engines.ts';
import { EnginesService } from './engines-service.ts';
import { createLoadMetrics } from './load-metrics.ts';
import { type AudioCodec, codecFor } from './media/audio-codec.ts';
import { createMediaMetrics } from './media-metrics.ts';
import { yieldToEventLoop } from './pod/background-threads.ts';
import { eventLoopUtilization, LoadWatch } from './pod/load-watch.ts';
import { rehearse } from './rehearsal/rehearse.ts';
import { createRuntime } from './runtime.ts';
import { createToolRunner } from './tools/create-tool-runner.ts';
import { createSessions } from './voice/open-session.ts';
import { VoiceActivity } from './voice/voice-activity.ts';

const status = await runProgram(process, {
  name: 'runtime',
  summary: "answers a tenant's calls: the carrier's webhooks and media, speech and workflows.",
  options: runtimeOptions,
  check: (config) =>
    sendCodecOf(config)
      ? []
      : [`STREAM_SAMPLE_RATE: ${config.STREAM_CODEC} is not spoken at ${config.STREAM_SAMPLE_RATE} Hz.`],
  run: runRuntime,
});
process.exit(status);

async function runRuntime(config: RuntimeConfig, signal: AbortSignal): Promise<number> {
  const log = createLogger('runtime', config.LOG_LEVEL).child({ pod: config.POD_NAME });
  try {
    const redis = await connectRedis({ url: config.REDIS_URL, name: `runtime ${config.POD_NAME}`, log });
    try {
      return await serve(config, { redis, log, signal });
    } finally {
      await disconnectRedis(redis);
    }
  } catch (error) {
    log.fatal({ err: error }, 'the runtime could not start');
    return 1;
  }
}

async function serve(
  config: RuntimeConfig,
  { redis, log, signal }: { redis: Redis; log: Logger; signal: AbortSignal },
): Promise<number> {
  const clock = systemClock;
  const registry = createRegistry('runtime');
  const engines = createEngines(config.ENGINES, {
    clock,
    observer: createEngineObserver(registry),
    apiKeys: config,
  });
  const enginesService = new EnginesService(engines, log, clock);
  const sendCodec = sendCodecOf(config);
  if (!sendCodec) throw new Error('the settings were checked and name no codec all the same');
  const load = new LoadWatch({
    clock,
    utilization: eventLoopUtilization(),
    metrics: createLoadMetrics(registry),
    onChange: () => runtime.pod.hasChanged(),
    log,
  });
  const observer = createMediaMetrics(registry, (ms) => load.frameJudged(ms));
  const voiceActivity = new VoiceActivity({ clock, log, observer });
  const { open: openSession } = createSessions({
    engines,
    tools: createToolRunner({ clock, registry, log }),
    voiceActivity,
    log,
    clock,
    sendCodec,
    observer,
    load,
    options: { l16ByteOrder: config.L16_BYTE_ORDER },
  });
  await rehearse({ config, engines, sendCodec, log, clock });
  let started = false;
  const runtime = createRuntime({
    config,
    redis,
    openSession,
    canServe: () => enginesService.warm,
    takesCalls: () => load.takesCalls,
    notReady: () => [
      ...(started ? [] : ['The runtime is starting.']),
      ...(enginesService.warm ? [] : ['The engines do not answer yet.']),
    ],
    registry,
    log,
    clock,
  });
  return supervise({
    log,
    signal,
    services: [enginesService, load, ...runtime.services],
    drainTimeoutMs: config.DRAIN_TIMEOUT_MS,
    onReady: () => {
      started = true;
      yieldToEventLoop(log);
    },
  });
}

/** The codec of what we send; undefined where codec and rate do not go together. */
function sendCodecOf(config: RuntimeConfig): AudioCodec | undefined {
  const { STREAM_CODEC: encoding, STREAM_SAMPLE_RATE: sampleRateHz } = config;
  return codecFor({ encoding, sampleRateHz, channels: 1 }, config.L16_BYTE_ORDER);
}
