import { inject } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import { createLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { LiveFeed } from '../calls/live-feed.ts';
import { TextSearches } from '../calls/text-searches.ts';
import { makeApp } from '../http/make-app.ts';
import { RateLimiter, type RateSettings } from '../http/rate-limiter.ts';
import type { Route } from '../http/route.ts';
import { EXPORTS_AT_ONCE, StreamSlots } from '../http/stream-slots.ts';
import { AccessTokens } from '../identity/access-token.ts';
import { type OutsideIssuer, OutsideTokens } from '../identity/outside-tokens.ts';
import { PasswordHasher } from '../identity/password-hasher.ts';
import { SignupGate, type SignupLimits } from '../identity/signup-gate.ts';
import { type JobHandler, JobQueue } from '../jobs/job-queue.ts';
import { SecretBox } from '../notifications/webhook-secrets.ts';
import { readSnapshot } from '../operations/platform-snapshot.ts';
import { allRoutes, type RouteDeps } from '../routes.ts';
import { FakeTenants } from './fake-tenants.ts';
import type { MigratedDatabase } from './test-database.ts';

// A fault of ours shows in the test's output.
const log = createLogger('test', 'error');

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- a reply is whatever the test says it should be.
  readonly body: any;
}

export interface TestApi {
  readonly url: string;
  readonly routes: readonly Route[];
  readonly jobs: JobQueue;
  readonly tokens: AccessTokens;
  /** The tenants whose requests were counted, in order. */
  readonly counted: string[];
  /** The Tenants of those who signed up, unless there is a real cluster. */
  readonly fakeTenants: FakeTenants;
  call(
    method: string,
    path: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Reply>;
  /** Signs a new person up; `label` makes the address unique. */
  signUp(
    label: string,
  ): Promise<{ token: string; tenantID: string; userID: string; email: string; name: string }>;
  stop(): Promise<void>;
}

/** bcrypt at cost 12 takes 220 ms; what is under test elsewhere need not wait for it. */
export const quickBcrypt = {
  hash: async (password: string | Buffer) => `quick:${password.toString()}`,
  compare: async (password: string | Buffer, hash: string) => hash === `quick:${password.toString()}`,
};

/** That of the run, where it was given one. */
export const TEST_SECRET =
  inject('veraluxPostgres')?.jwtSecret ?? 'test-secret-that-is-long-enough-0123456789';

const UNLIMITED: SignupLimits = { perDay: 1e6, perNetwork: 1e6, perAddress: 1e6 };

const UNLIMITED_RATES: RateSettings = { max: 1e6, maxOfSecrets: 1e6, windowMs: 300_000, replicas: 1 };

export interface TestApiOptions {
  saasMode?: boolean;
  hasher?: PasswordHasher;
  allowedOrigins?: readonly string[];
  signupLimits?: Partial<SignupLimits>;
  rates?: Partial<RateSettings>;
  /** Where requests are counted for all replicas; else each counts its own. */
  redis?: Redis;
  issuers?: readonly OutsideIssuer[];
  /** What is done in the background; else jobs only wait. */
  handlers?: Readonly<Record<string, JobHandler>>;
  /** Besides those of the registry. */
  furtherRoutes?: readonly Route[];
  /** In place of the fake one. */
  cluster?: Pick<RouteDeps, 'kube' | 'informer'>;
}

/** The API on a port of its own, over a real database and a fake cluster. */
export async function startTestApi(
  database: MigratedDatabase,
  options: TestApiOptions = {},
): Promise<TestApi> {
  const tokens = new AccessTokens([TEST_SECRET], systemClock);
  const outside = new OutsideTokens(options.issuers ?? [], systemClock);
  const registry = createRegistry('test');
  const jobs = new JobQueue({ database: database.worker, log, registry, handlers: options.handlers ?? {} });
  const counted: string[] = [];
  const fakeTenants = new FakeTenants();
  const { kube, informer } = options.cluster ?? fakeTenants;
  const liveFeed = new LiveFeed({ database: database.app, clock: systemClock, log });
  const routes = allRoutes({
    saasMode: options.saasMode ?? true,
    database: database.app,
    jobs,
    secretBox: new SecretBox([TEST_SECRET]),
    hasher: options.hasher ?? new PasswordHasher({ bcrypt: quickBcrypt }),
    tokens,
    outside,
    signupGate: new SignupGate({
      database: database.app,
      clock: systemClock,
      limits: { ...UNLIMITED, ...options.signupLimits },
      secret: TEST_SECRET,
    }),
    clock: systemClock,
    kube,
    informer,
    dependencies: { states: () => new Map([['postgres', { state: 'Up', ageMs: 0 }]]) },
    pools: { app: database.app, worker: database.worker },
    readSnapshot: () => readSnapshot({ database: database.worker, maxTenants: 100 }),
    liveFeed,
    searches: new TextSearches(database.app),
    exportSlots: new StreamSlots(EXPORTS_AT_ONCE),
    notServing: () => undefined,
  });
  const app = makeApp({
    routes: [...routes, ...(options.furtherRoutes ?? [])],
    database: database.app,
    tokens,
    countApiRequest: (tenantID) => counted.push(tenantID),
    allowedOrigins: options.allowedOrigins ?? [],
    // Tests say in X-Forwarded-For from where they call.
    trustedProxies: 1,
    registry,
    log,
    secrets: [TEST_SECRET],
    outside,
    rateLimiter: new RateLimiter({
      redis: options.redis,
      settings: { ...UNLIMITED_RATES, ...options.rates },
      secret: TEST_SECRET,
      registry,
    }),
    clock: systemClock,
    recheckStreamsMs: 100,
  });
  const server = new HttpServer({
    name: 'api',
    host: '127.0.0.1',
    port: 0,
    listener: app,
    log,
  });
  await jobs.start();
  await liveFeed.start(() => undefined);
  await server.start(() => undefined);
  const url = `http://127.0.0.1:${server.port}`;
  const call = callAt(url);
  return {
    url,
    routes,
    jobs,
    tokens,
    counted,
    fakeTenants,
    call,
    signUp: async (label) => {
      const email = `${label}@example.com`;
      const body = {
        email,
        password: 'SecureP@ss123',
        name: `Person ${label}`,
        companyName: `Company ${label}`,
      };
      const reply = await call('POST', '/api/auth/signup', { body });
      if (reply.status !== 201)
        throw new Error(`signup answered ${reply.status}: ${JSON.stringify(reply.body)}`);
      const { token, tenant, user } = reply.body;
      fakeTenants.add({ name: tenant.name, tenantID: tenant.id });
      return { token, email, tenantID: tenant.id, userID: user.id, name: tenant.name };
    },
    stop: async () => {
      await liveFeed.stop();
      await server.stop();
      await jobs.stop();
    },
  };
}

/** Calls the API at `url`. */
export function callAt(url: string): TestApi['call'] {
  return async (method, path, { token, body, headers } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    // Events go on for as long as somebody reads them.
    const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream');
    if (isEndless) await response.body?.cancel();
    const text = isEndless ? '' : await response.text();
    const isJSON = /json(?!l)/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJSON ? JSON.parse(text) : text };
  };
}
