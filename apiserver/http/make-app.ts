import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import { actAs, actorOf } from '../audit/actor.ts';
import type { Database } from '../database/database.ts';
import type { AccessTokens } from '../identity/access-token.ts';
import { authenticate } from '../identity/authenticate.ts';
import type { OutsideTokens } from '../identity/outside-tokens.ts';
import type { Principal } from '../identity/principal.ts';
import { webhookDocuments } from '../notifications/webhook-documents.ts';
import { authorise } from './access.ts';
import { answerProblems } from './answer-problems.ts';
import { ApiError } from './api-error.ts';
import { clientNetwork } from './client-network.ts';
import { cors } from './cors.ts';
import { serveDocs } from './docs.ts';
import { type Exchange, limitNetwork, limitRoute } from './limit-rates.ts';
import { observeRequests } from './observe-requests.ts';
import { openAPIOf } from './openapi.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { changes, type Method, needsReason, type Reply, type Route } from './route.ts';
import { sendStream } from './send-stream.ts';
import { stillMay } from './still-may.ts';
import { watchProxies } from './watch-proxies.ts';

export interface AppDeps {
  readonly routes: readonly Route[];
  readonly database: Database;
  readonly tokens: AccessTokens;
  /** Told of each authenticated request to /api/admin that was answered neither 429 nor 5xx. */
  readonly countApiRequest: (tenantID: string) => void;
  readonly allowedOrigins: readonly string[];
  /** How many proxies are before this server, or their networks: whose word on a client's address is taken. */
  readonly trustedProxies: number | string[];
  readonly registry: Registry;
  readonly log: Logger;
  /** Key the digests of requests with an Idempotency-Key; the same on every replica, the current one first. */
  readonly secrets: readonly string[];
  readonly outside: OutsideTokens;
  readonly rateLimiter: RateLimiter;
  readonly clock: Clock;
  /** How often whoever gets a streamed reply is asked for again; absent: every ten seconds. */
  readonly recheckStreamsMs?: number;
}

const RECHECK_STREAMS_MS = 10_000;

/** No body of ours comes near this. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** The Express application of these routes, with everything around them; it needs no port. */
export function makeApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', deps.trustedProxies);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(observeRequests(deps.registry, deps.log));
  app.use(helmet());
  app.use(cors(deps.allowedOrigins));
  app.use(watchProxies(deps.registry, deps.log));
  app.use('/api', limitNetwork(deps.rateLimiter));
  app.use(express.json({ limit: BODY_LIMIT_BYTES, strict: false }));

  const document = openAPIOf(deps.routes, webhookDocuments());
  app.get('/openapi.json', (_request, response) => void response.json(document));
  serveDocs(app);
  app.all(['/openapi.json', '/docs'], refuseMethod(['GET']));
  for (const [path, routes] of Map.groupBy(deps.routes, (route) => route.path)) {
    const expressPath = path.replaceAll(/\{(\w+)\}/g, ':$1');
    // One for all methods of a path: each is matched against every request that goes to a later one.
    const served = app.route(expressPath);
    for (const route of routes) served[METHODS[route.method]](serve(route, deps));
    served.all(refuseMethod(routes.map((route) => route.method)));
  }
  app.use(() => {
    throw new ApiError('not_found', 'No route has this path.');
  });
  app.use(answerProblems(deps.log));
  return app;
}

const METHODS = {
  GET: 'get',
  POST: 'post',
  PUT: 'put',
  PATCH: 'patch',
  DELETE: 'delete',
} as const satisfies Record<Method, string>;

function serve(route: Route, deps: AppDeps): RequestHandler {
  return async (request: Request, response: Response) => {
    response.locals.route = route.path;
    const principal = await admit(route, { request, response }, deps);
    countRequest(route, principal, response, deps);
    // Null is a request without a body: the schema says what it lacks.
    if (route.body && request.is('application/json') === false) throw new ApiError('unsupported_media_type');
    const { params, query, body, headers } = request;
    const ending = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) ending.abort();
    });
    const raw = { params, query, body, headers, network: clientNetwork(request.ip), signal: ending.signal };
    const handle = () => route.handle(raw, principal, deps.secrets);
    const reply = changes(route)
      ? await actAs(
          actorOf(principal, {
            operation: route.operationID,
            reason: request.get('x-veralux-reason'),
            asStaff: route.access.to === 'Staff',
          }),
          handle,
        )
      : await handle();
    if (!reply.stream) return send(response, reply);
    const admitted = { route, principal, authorization: headers.authorization };
    const recheckMs = deps.recheckStreamsMs ?? RECHECK_STREAMS_MS;
    const { clock, log } = deps;
    const isAllowed = () => stillMay(deps, admitted);
    await sendStream(response, reply.stream, { clock, log, ending, stillMay: isAllowed, recheckMs });
  };
}

/** The one gate: who it is, whether they ask too often, and whether they may. */
async function admit(route: Route, exchange: Exchange, deps: AppDeps): Promise<Principal | undefined> {
  const principal = await identify(route, exchange.request, deps);
  await limitRoute(deps.rateLimiter, route, principal, exchange);
  authorise(route.access, principal);
  return principal;
}

async function identify(route: Route, request: Request, deps: AppDeps): Promise<Principal | undefined> {
  const { access, operationID: operation } = route;
  if (access.to === 'Anybody') return undefined;
  const credentials = {
    authorization: request.headers.authorization,
    tenantID: access.to === 'Tenant' ? request.get('x-veralux-tenant') : undefined,
    reason: request.get('x-veralux-reason'),
  };
  return authenticate(deps, credentials, { operation, needsReason: needsReason(route) });
}

/** A tenant's own requests count as its usage; those of staff in it do not. */
function countRequest(
  route: Route,
  principal: Principal | undefined,
  response: Response,
  deps: AppDeps,
): void {
  const tenantID = principal?.tenant?.id;
  if (tenantID === undefined || !route.path.startsWith('/api/admin/')) return;
  if (principal?.kind === 'Person' && principal.entered) return;
  response.once('finish', () => {
    if (response.statusCode !== 429 && response.statusCode < 500) deps.countApiRequest(tenantID);
  });
}

function send(response: Response, { status, body, location, etag, replayed }: Reply): void {
  response.status(status).set('Cache-Control', 'no-store');
  if (location !== undefined) response.set('Location', location);
  if (etag !== undefined) response.set('ETag', etag).set('Cache-Control', 'private, no-cache');
  if (replayed) response.set('Idempotency-Replayed', 'true');
  if (body === undefined) response.end();
  // Express answers 304 by itself where If-None-Match has the ETag.
  else if (etag !== undefined) response.json(body);
  else {
    // As a text, so that head and body are one write.
    const text = JSON.stringify(body);
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  }
}

function refuseMethod(served: readonly Route['method'][]): RequestHandler {
  const methods = served.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const allow = [...new Set(methods), 'OPTIONS'].join(', ');
  return (request, response) => {
    response.set('Allow', allow);
    if (request.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    throw new ApiError('method_not_allowed', `This path takes ${allow}.`);
  };
}
