import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { emailAddressSchema } from '../identity/email-address.ts';
import type { Principal } from '../identity/principal.ts';
import { ApiError } from './api-error.ts';
import { clientNetwork } from './client-network.ts';
import type { Budget, RateLimiter } from './rate-limiter.ts';
import type { Route } from './route.ts';

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** Holds every request to its network's budget, before anything is asked of the database. */
export function limitNetwork(limiter: RateLimiter): RequestHandler {
  return async (request, response, next) => {
    await spend(limiter, response, [['network', clientNetwork(request.ip)]]);
    next();
  };
}

/** Holds a request to the budgets of its account or key, and of its route where that is guarded. */
export async function limitRoute(
  limiter: RateLimiter,
  route: Pick<Route, 'isGuarded' | 'operationID'>,
  principal: Principal | undefined,
  { request, response }: Exchange,
): Promise<void> {
  const spent: [Budget, string][] = principal ? [budgetOf(principal)] : [];
  if (route.isGuarded) {
    const who = [clientNetwork(request.ip), emailOf(request.body), principal && budgetOf(principal)[1]];
    for (const subject of who) {
      if (subject !== undefined) spent.push(['secrets', `${route.operationID} ${subject}`]);
    }
  }
  await spend(limiter, response, spent);
}

function budgetOf(principal: Principal): [Budget, string] {
  return principal.kind === 'ApiKey' ? ['key', principal.keyID] : ['account', principal.user.id];
}

/** The account that a request without a token is about. */
function emailOf(body: unknown): string | undefined {
  return z.object({ email: emailAddressSchema }).safeParse(body).data?.email;
}

/**
 * Takes one out of each budget and says so in the headers of draft-ietf-httpapi-ratelimit-headers.
 * Throws ApiError `rate_limited` where one of them was used up.
 */
async function spend(
  limiter: RateLimiter,
  response: Response,
  spent: readonly (readonly [Budget, string])[],
): Promise<void> {
  const states = await Promise.all(spent.map(([budget, subject]) => limiter.take(budget, subject)));
  for (const { budget, max, windowSeconds, remaining, resetSeconds } of states) {
    response.append('RateLimit-Policy', `"${budget}";q=${max};w=${windowSeconds}`);
    response.append('RateLimit', `"${budget}";r=${remaining};t=${resetSeconds}`);
  }
  const exceeded = states.filter(({ isExceeded }) => isExceeded);
  if (exceeded.length === 0) return;
  throw new ApiError('rate_limited', undefined, {
    retryAfterSeconds: Math.max(...exceeded.map(({ resetSeconds }) => resetSeconds)),
  });
}
