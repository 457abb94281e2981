import type { RequestListener } from 'node:http';
import type { Clock } from '#lib/clock/clock.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { ApiServerConfig } from './config.ts';
import type { Database } from './database/database.ts';
import { RateLimiter } from './http/rate-limiter.ts';
import { SignupGate } from './identity/signup-gate.ts';
import type { Stores } from './stores.ts';
import type { Surroundings } from './surroundings.ts';

/** The port that people reach, and the one of the cluster's own. */
export function httpServers(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  listeners: { readonly listener: RequestListener; readonly metrics: RequestListener },
): readonly Service[] {
  const { HOST: host, PORT: port, METRICS_PORT: metricsPort, STOP_DELAY_MS: lameDuckMs } = config;
  const shared = { host, log, clock };
  return [
    new HttpServer({ ...shared, name: 'metrics', port: metricsPort, listener: listeners.metrics }),
    new HttpServer({ ...shared, name: 'API', port, listener: listeners.listener, lameDuckMs }),
  ];
}

/** The secret that signs, and another whose tokens are taken. */
export function secretsOf(config: ApiServerConfig): readonly [string, ...string[]] {
  const { JWT_SECRET: current, JWT_SECRET_SECONDARY: other } = config;
  return other === undefined ? [current] : [current, other];
}

/** How often somebody may ask. */
export function rateLimiter(
  config: ApiServerConfig,
  { rates: redis }: Stores,
  registry: Registry,
): RateLimiter {
  const settings = {
    max: config.ADMIN_RATE_MAX,
    maxOfSecrets: config.AUTH_RATE_MAX,
    windowMs: config.ADMIN_RATE_WINDOW_MS,
    replicas: config.CONTROL_REPLICAS,
  };
  return new RateLimiter({ redis, settings, secret: config.JWT_SECRET, registry });
}

/** How many may sign up. */
export function signupGate(config: ApiServerConfig, clock: Clock, database: Database): SignupGate {
  const limits = {
    perDay: config.SIGNUPS_PER_DAY,
    perNetwork: config.SIGNUPS_PER_DAY_PER_NETWORK,
    perAddress: config.SIGNUPS_PER_DAY_PER_EMAIL,
  };
  return new SignupGate({ database, clock, limits, secret: config.JWT_SECRET });
}
