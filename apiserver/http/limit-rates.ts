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

/** A budget that is taken from, and whose. */
type Spent = readonly [budget: Budget, subject: string];

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
  route: Pick<Route, 'isGuarded' | 'mailsAddress' | 'operationID'>,
  principal: Principal | undefined,
  { request, response }: Exchange,
): Promise<void> {
  const spent: Spent[] = principal ? [budgetOf(principal)] : [];
  if (route.isGuarded) spent.push(...guardsOf(route, principal, request));
  await spend(limiter, response, spent);
}

/**
 * The network first, so that nobody takes more than its budget out of that of somebody else's address. An address that is
 * mailed gets as few mails from all networks together as from one.
 */
function guardsOf(
  { operationID, mailsAddress }: Pick<Route, 'mailsAddress' | 'operationID'>,
  principal: Principal | undefined,
  request: Request,
): readonly Spent[] {
  const guards: Spent[] = [['secrets', `${operationID} ${clientNetwork(request.ip)}`]];
  if (principal) guards.push(['secrets', `${operationID} ${budgetOf(principal)[1]}`]);
  const email = emailOf(request.body);
  if (email !== undefined) guards.push([mailsAddress ? 'secrets' : 'address', `${operationID} ${email}`]);
  return guards;
}

function budgetOf(principal: Principal): Spent {
  return principal.kind === 'ApiKey' ? ['key', principal.keyID] : ['account', principal.user.id];
}

/** The account that a request without a token is about. */
function emailOf(body: unknown): string | undefined {
  return z.object({ email: emailAddressSchema }).safeParse(body).data?.email;
}

/**
 * Takes one out of each budget in turn, until one is used up: what is refused costs the others nothing. Says so in the
 * headers of draft-ietf-httpapi-ratelimit-headers. Throws ApiError `rate_limited`.
 */
async function spend(limiter: RateLimiter, response: Response, spent: readonly Spent[]): Promise<void> {
  for (const [budget, subject] of spent) {
    const { max, windowSeconds, remaining, resetSeconds, isExceeded } = await limiter.take(budget, subject);
    response.appendHeader('RateLimit-Policy', `"${budget}";q=${max};w=${windowSeconds}`);
    response.appendHeader('RateLimit', `"${budget}";r=${remaining};t=${resetSeconds}`);
    if (isExceeded) throw new ApiError('rate_limited', undefined, { retryAfterSeconds: resetSeconds });
  }
}
