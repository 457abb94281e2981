import type { RequestHandler } from 'express';
import { Counter } from 'prom-client';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';

/**
 * Notices a proxy that TRUSTED_PROXIES does not know: all whom it serves would be one client, with one client's budget.
 * Logged once, since anybody can send the header.
 */
export function watchProxies(registry: Registry, log: Logger): RequestHandler {
  const counter = new Counter({
    name: 'veralux_http_forwarded_untrusted_total',
    help: 'Requests with an X-Forwarded-For whose sender is no trusted proxy, so that it was not believed.',
    registers: [registry],
  });
  let isLogged = false;
  return (request, _response, next) => {
    const isTrusted: unknown = request.app.get('trust proxy fn');
    const peer = request.socket.remoteAddress;
    if (
      request.headers['x-forwarded-for'] !== undefined &&
      typeof isTrusted === 'function' &&
      !isTrusted(peer, 0)
    ) {
      counter.inc();
      if (!isLogged)
        log.warn({ peer }, 'X-Forwarded-For is not believed: TRUSTED_PROXIES does not name who sent it');
      isLogged = true;
    }
    next();
  };
}
