import type { RequestListener } from 'node:http';
import { TENANT } from '#crds/tenant/tenant.ts';
import { metricsRoute } from '#lib/http/health-routes.ts';
import { Informer } from '#lib/kube/informer.ts';
import { supervise } from '#lib/lifecycle/supervisor.ts';
import { createRegistry, type Registry } from '#lib/metrics/registry.ts';
import { ledgerWriter, retentionServices, tenantServices } from './background-services.ts';
import { LiveFeed } from './calls/live-feed.ts';
import { TextSearches } from './calls/text-searches.ts';
import type { ApiServerConfig } from './config.ts';
import { makeApp } from './http/make-app.ts';
import { EXPORTS_AT_ONCE, StreamSlots } from './http/stream-slots.ts';
import { httpServers, rateLimiter, secretsOf, signupGate } from './http-services.ts';
import { AccessTokens } from './identity/access-token.ts';
import { OutsideTokens } from './identity/outside-tokens.ts';
import { PasswordHasher } from './identity/password-hasher.ts';
import { jobHandlers, mailerOf } from './job-handlers.ts';
import { JobQueue } from './jobs/job-queue.ts';
import { NotificationOutbox } from './notifications/notification-outbox.ts';
import { resealSecrets, SecretBox } from './notifications/webhook-secrets.ts';
import { dependenciesOf } from './operations/dependencies.ts';
import { DependencyWatch } from './operations/dependency-watch.ts';
import { measureDatabase } from './operations/measure-database.ts';
import { measurePlatform } from './operations/measure-platform.ts';
import { measureProcess } from './operations/measure-process.ts';
import { readSnapshot } from './operations/platform-snapshot.ts';
import { allRoutes, type RouteDeps } from './routes.ts';
import { type Stores, withStores } from './stores.ts';
import type { Surroundings } from './surroundings.ts';
import { countVanished } from './tenants/count-vanished.ts';
import { type ObservedTenant, observeTenant } from './tenants/observed-tenant.ts';
import { ApiRequestMeter } from './usage/api-request-meter.ts';

/** Connects the stores, runs the server until the signal and closes them; resolves to the exit status. */
export function runApiServer(config: ApiServerConfig, around: Surroundings): Promise<number> {
  return withStores(config, around.log, (stores) => serve(config, around, stores));
}

async function serve(config: ApiServerConfig, around: Surroundings, stores: Stores): Promise<number> {
  const { log, clock, signal } = around;
  const { database, worker } = stores;
  const registry = createRegistry('apiserver');
  const hasher = new PasswordHasher();
  await hasher.warmUp();
  const secretBox = new SecretBox(secretsOf(config));
  await resealSecrets(worker, secretBox);
  const informer = tenantInformer(stores, around, registry);
  const mailer = mailerOf(config, clock);
  const handlers = jobHandlers(config, around, stores, { registry, mailer, secretBox });
  const jobs = new JobQueue({ database: worker, log, registry, handlers });
  const outbox = new NotificationOutbox({ jobs });
  const meter = new ApiRequestMeter({ database: worker, outbox, clock, log });
  const dependencies = new DependencyWatch({
    dependencies: dependenciesOf({ database: worker, redis: stores.probe, mailer }, informer, clock),
    clock,
    registry,
    log,
  });
  const liveFeed = new LiveFeed({ database, clock, log });
  const state: { notServing: string | undefined } = { notServing: 'the server is starting' };
  const notServing = () => state.notServing;
  const parts = { registry, hasher, secretBox, informer, jobs, meter, dependencies, liveFeed, notServing };
  const listener = listenerOf(config, around, stores, parts);
  return supervise({
    log,
    signal,
    drainTimeoutMs: config.DRAIN_TIMEOUT_MS,
    services: [
      informer,
      dependencies,
      // Before those who send jobs, and so stopped after them.
      jobs,
      ...tenantServices(config, around, stores, { informer, hasher, jobs, outbox }),
      ledgerWriter(config, around, stores, { registry, outbox }),
      meter,
      liveFeed,
      ...retentionServices(config, around, stores, registry),
      ...httpServers(config, around, { listener, metrics: metricsRoute(registry) }),
    ],
    onReady: () => {
      state.notServing = undefined;
      log.info({ mode: config.SAAS_MODE ? 'SaaS' : 'on-prem' }, 'the API server serves');
    },
    onEnding: () => {
      state.notServing = 'the server is ending';
    },
  });
}

function tenantInformer(
  { kube }: Stores,
  { log, clock }: Surroundings,
  registry: Registry,
): Informer<ObservedTenant> {
  const informer = new Informer<ObservedTenant>({
    client: kube,
    resource: TENANT,
    log,
    clock,
    transform: observeTenant,
  });
  countVanished(informer, { registry, log });
  return informer;
}

/** What takes people's requests. */
function listenerOf(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  stores: Stores,
  {
    registry,
    meter,
    ...parts
  }: Pick<
    RouteDeps,
    'hasher' | 'secretBox' | 'informer' | 'jobs' | 'dependencies' | 'liveFeed' | 'notServing'
  > & { readonly registry: Registry; readonly meter: ApiRequestMeter },
): RequestListener {
  const { database, worker, kube } = stores;
  const secrets = secretsOf(config);
  const tokens = new AccessTokens(secrets, clock);
  const outside = new OutsideTokens(config.OUTSIDE_ISSUERS, clock);
  const pools = { app: database, worker };
  const snapshot = () => readSnapshot({ database: worker, maxTenants: config.METRICS_MAX_TENANTS });
  measureProcess(registry);
  measureDatabase(registry, pools);
  measurePlatform({ registry, readSnapshot: snapshot, log });
  const routes = allRoutes({
    ...parts,
    saasMode: config.SAAS_MODE,
    database,
    tokens,
    outside,
    signupGate: signupGate(config, clock, database),
    clock,
    kube,
    pools,
    readSnapshot: snapshot,
    searches: new TextSearches(stores.search),
    exportSlots: new StreamSlots(EXPORTS_AT_ONCE),
  });
  return makeApp({
    routes,
    database,
    tokens,
    countApiRequest: (tenantID) => meter.count(tenantID),
    allowedOrigins: config.ADMIN_ALLOWED_ORIGINS ?? [],
    trustedProxies: config.TRUSTED_PROXIES,
    registry,
    log,
    secrets,
    outside,
    rateLimiter: rateLimiter(config, stores, registry),
    clock,
  });
}
