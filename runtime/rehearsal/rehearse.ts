import { Registry } from 'prom-client';
import type { Clock } from '#lib/clock/clock.ts';
import { type Logger, silentLogger } from '#lib/log/logger.ts';
import type { RuntimeConfig } from '#runtime/config.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import type { AudioCodec } from '#runtime/media/audio-codec.ts';
import { createMediaMetrics } from '#runtime/media-metrics.ts';
import { createRuntime, type Runtime } from '#runtime/runtime.ts';
import { createSessions } from '#runtime/voice/open-session.ts';
import { VoiceActivity } from '#runtime/voice/voice-activity.ts';
import { hummingEngines } from './humming-engines.ts';
import { RehearsalCarrier } from './rehearsal-carrier.ts';
import { rehearsalRedis } from './rehearsal-redis.ts';

/** After so many, the next call is answered as fast as any later one. */
const CALLS = 3;
/** For all of them: ten times what they take where the CPU is the pod's own. */
const PATIENCE_MS = 5_000;

export interface RehearseOptions {
  readonly config: RuntimeConfig;
  /** Asked for what they can, and for nothing else. */
  readonly engines: Pick<Engines, 'stt' | 'tts'>;
  readonly sendCodec: AudioCodec;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Takes a few calls through the code of a pod before anybody calls, from their first webhook to the agent's words on the
 * media socket: what has never run is slow, and the first caller would wait for it. Carrier, engines and Redis are stand-ins
 * in this process, and what is measured and logged goes nowhere. Resolves to how many calls were heard to their end; never
 * rejects: where it fails, the first caller waits a little.
 */
export async function rehearse(options: RehearseOptions): Promise<number> {
  const { clock, log } = options;
  const startedMs = clock.monotonic();
  const carrier = new RehearsalCarrier();
  const ending = new AbortController();
  const cancel = clock.after(PATIENCE_MS, () => ending.abort());
  let calls = 0;
  let runtime: Runtime | undefined;
  try {
    runtime = createRehearsal(options, { baseURL: await carrier.start(), publicKey: carrier.publicKey });
    await runtime.server.start(() => undefined);
    for (; calls < CALLS; calls += 1) await carrier.call(runtime.server.port, ending.signal);
    log.info({ calls, ms: Math.round(clock.monotonic() - startedMs) }, 'calls were rehearsed');
  } catch (error) {
    log.warn({ err: error, calls }, 'the first call could not be rehearsed');
  }
  cancel();
  await runtime?.server.stop();
  await runtime?.driver.stop();
  await carrier.stop();
  return calls;
}

function createRehearsal(
  { config, engines, sendCodec, clock }: RehearseOptions,
  carrier: { readonly baseURL: string; readonly publicKey: string },
): Runtime {
  const registry = new Registry();
  const log = silentLogger;
  const observer = createMediaMetrics(registry, () => undefined);
  const { open: openSession } = createSessions({
    engines: hummingEngines(engines),
    tools: { run: () => Promise.reject(new Error('the rehearsed tenant has no tools')) },
    voiceActivity: new VoiceActivity({ clock, log, observer }),
    sendCodec,
    observer,
    load: { strained: false },
    log,
    clock,
    options: { l16ByteOrder: config.L16_BYTE_ORDER },
  });
  return createRuntime({
    config: {
      ...config,
      HOST: '127.0.0.1',
      PORT: 0,
      METRICS_PORT: undefined,
      TELNYX_BASE_URL: carrier.baseURL,
      TELNYX_PUBLIC_KEY: carrier.publicKey,
    },
    redis: rehearsalRedis(config.RUNTIME_NAME),
    openSession,
    registry,
    log,
    clock,
  });
}
