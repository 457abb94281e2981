import type { RequestHandler } from 'express';
import type { Clock } from '#lib/clock/clock.ts';
import { apiErrors } from './api-error.ts';

/** Counts requests in whole seconds, tells the caller by `x-ratelimit-*`, and gives 429 above the limit. */
export function rateLimit(clock: Clock, requestsPerSecond: () => number): RequestHandler {
  let second = 0;
  let used = 0;
  return (_request, response, next) => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      used = 0;
    }
    used += 1;
    const limit = requestsPerSecond();
    response.set('x-ratelimit-limit', String(limit));
    response.set('x-ratelimit-remaining', String(Math.max(0, limit - used)));
    response.set('x-ratelimit-reset', '1');
    if (used > limit) {
      response.set('retry-after', '1');
      throw apiErrors.tooManyRequests();
    }
    next();
  };
}
