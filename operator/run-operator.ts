import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock } from '#lib/clock/clock.ts';
import { healthRoutes } from '#lib/http/health-routes.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { supervise } from '#lib/lifecycle/supervisor.ts';
import { createLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { disconnectRedis, openRedis } from '#lib/redis/connect-redis.ts';
import { TelnyxCarrier } from './carrier/telnyx.ts';
import type { OperatorConfig } from './config.ts';
import { createOperator } from './create-operator.ts';
import { EngineMetrics } from './engine/metrics.ts';
import { FIELD_MANAGER } from './installation/names.ts';
import { OperatorService } from './operator-service.ts';

/**
 * The operator as a program: runs until it is told to end (0), or loses its lease or a part fails (1).
 * Where Redis or the API server is away it waits, and `/readyz` says for what.
 */
export async function runOperator(config: OperatorConfig, signal: AbortSignal): Promise<number> {
  const log = createLogger('operator', config.LOG_LEVEL);
  const registry = createRegistry('operator');
  const metrics = new EngineMetrics(registry);
  const closers: (() => Promise<void>)[] = [];
  try {
    const kubeConfig = loadKubeConfig(config.KUBECONFIG);
    const host = new URL(kubeConfig.getCurrentCluster()?.server ?? 'https://unknown').host;
    const client = new KubeClient({
      config: kubeConfig,
      userAgent: FIELD_MANAGER,
      onRequest: (method, status) => metrics.requestEnded(method, status, host),
    });
    closers.push(() => client.close());
    const redis = openRedis({ url: config.REDIS_URL, name: 'operator', log });
    closers.push(() => disconnectRedis(redis));
    const operator = new OperatorService({
      client,
      namespace: config.NAMESPACE,
      clock: systemClock,
      log,
      create: (installation) =>
        createOperator({
          ...installation,
          client,
          redis,
          log,
          registry,
          metrics,
          clock: systemClock,
          namespace: config.NAMESPACE,
          identity: `${hostname()}_${randomUUID()}`,
          leaseSeconds: config.LEASE_SECONDS,
          rotationDays: config.SECRET_ROTATION_DAYS,
          runtimeSettings: {
            image: config.IMAGE,
            redisURL: config.RUNTIME_REDIS_URL ?? config.REDIS_URL,
            telnyxBaseURL: config.TELNYX_BASE_URL,
          },
          makeCarrier: (apiKey, fence) =>
            new TelnyxCarrier({ apiKey, baseURL: config.TELNYX_BASE_URL, fence }),
        }),
    });
    let isEnding = false;
    const health = new HttpServer({
      name: 'health',
      host: config.HOST,
      port: config.PORT,
      log,
      acceptWhileDraining: true,
      listener: healthRoutes({
        registry,
        notReady: () => (isEnding ? ['the operator is ending'] : operator.notReady()),
      }),
    });
    return await supervise({
      log,
      signal,
      services: [health, operator],
      drainTimeoutMs: config.DRAIN_TIMEOUT_MS,
      onEnding: () => {
        isEnding = true;
      },
    });
  } catch (error) {
    log.error({ err: error }, 'the operator could not start');
    return 1;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
