import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { Histogram } from 'prom-client';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';

/**
 * Gives each request an id (`X-Request-Id`), counts and times it by route, and logs it. A path that
 * is no route's counts as `other`, so the label stays a bounded set.
 */
export function observeRequests(registry: Registry, log: Logger): RequestHandler {
  const seconds = new Histogram({
    name: 'veralux_http_request_duration_seconds',
    help: 'How long requests took, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
  return (request, response, next) => {
    const startedAt = performance.now();
    const requestID = randomUUID();
    response.locals.requestID = requestID;
    response.set('X-Request-Id', requestID);
    response.once('close', () => {
      const route: unknown = response.locals.route;
      const labels = {
        method: known.has(request.method) ? request.method : 'OTHER',
        route: typeof route === 'string' ? route : 'other',
        status: response.statusCode,
      };
      const durationMs = performance.now() - startedAt;
      seconds.observe(labels, durationMs / 1_000);
      log.debug({ ...labels, requestID, durationMs: Math.round(durationMs) }, 'a request was answered');
    });
    next();
  };
}
