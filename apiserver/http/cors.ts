import type { RequestHandler } from 'express';
import { ApiError } from './api-error.ts';

/** How long a browser may remember the answer to its preflight. */
const MAX_AGE_SECONDS = 600;
const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE';
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Veralux-Tenant, X-Veralux-Reason';
const EXPOSED_HEADERS =
  'ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';

/**
 * Cross-origin requests are answered for pages of the listed origins only; a preflight from another
 * is refused. Requests without an Origin (servers, curl) are none of its business.
 */
export function cors(allowedOrigins: readonly string[]): RequestHandler {
  const allowed = new Set(allowedOrigins);
  return (request, response, next) => {
    response.vary('Origin');
    const { origin } = request.headers;
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (origin !== undefined && allowed.has(origin)) {
      response.set('Access-Control-Allow-Origin', origin);
      response.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
      if (isPreflight) {
        response.set('Access-Control-Allow-Methods', ALLOWED_METHODS);
        response.set('Access-Control-Allow-Headers', ALLOWED_HEADERS);
        response.set('Access-Control-Max-Age', String(MAX_AGE_SECONDS));
        response.status(204).end();
        return;
      }
    } else if (isPreflight) {
      throw new ApiError('origin_not_allowed');
    }
    next();
  };
}
