import { systemClock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Service } from './service.ts';

export interface SupervisorOptions {
  readonly log: Logger;
  readonly services: readonly Service[];
  /** Aborts when the program should end (SIGTERM, SIGINT). */
  readonly signal: AbortSignal;
  readonly drainTimeoutMs: number;
  readonly stopTimeoutMs?: number;
  /** Called once every service has started. */
  readonly onReady?: () => void;
  /** Called when the end begins, before anything drains: turn readiness off here. */
  readonly onEnding?: () => void;
}

/**
 * Runs services until the signal aborts or one of them fails, then drains and stops them all.
 * Resolves to the exit status: 0 after a wished end, 1 after a failure.
 */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const { log, services, signal } = options;
  const ending = Promise.withResolvers<unknown>();
  const onAbort = () => ending.resolve(undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });

  const started: Service[] = [];
  let failure: unknown;
  try {
    for (const service of services) {
      if (signal.aborted) break;
      started.push(service);
      await service.start((error) => {
        log.error({ err: error, service: service.name }, 'a service failed');
        ending.resolve(error ?? new Error(`${service.name} failed`));
      });
    }
    if (!signal.aborted) options.onReady?.();
    failure = await ending.promise;
  } catch (error) {
    log.error({ err: error, service: started.at(-1)?.name }, 'a service did not start');
    failure = error;
  }
  signal.removeEventListener('abort', onAbort);

  options.onEnding?.();
  await within(
    options.drainTimeoutMs,
    'drain',
    Promise.allSettled(started.map(async (service) => service.drain?.())),
    log,
  );
  for (const service of started.toReversed()) {
    await within(options.stopTimeoutMs ?? 5_000, `stop ${service.name}`, service.stop(), log).catch(
      (error: unknown) => {
        log.error({ err: error, service: service.name }, 'a service did not stop cleanly');
        failure ??= error;
      },
    );
  }
  return failure === undefined ? 0 : 1;
}

async function within(timeoutMs: number, step: string, work: Promise<unknown>, log: Logger): Promise<void> {
  const cancelled = new AbortController();
  const timeout = systemClock.sleep(timeoutMs, cancelled.signal).then(
    () => log.warn({ step, timeoutMs }, 'a step of the ending took too long and was left'),
    () => undefined,
  );
  await Promise.race([work, timeout]);
  cancelled.abort();
}
