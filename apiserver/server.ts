import type { RequestListener } from 'node:http';
import type { Shard } from '#crds/projection/shard.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { ConfigOf } from '#lib/config/config.ts';
import { metricsRoute } from '#lib/http/health-routes.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import { Informer } from '#lib/kube/informer.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import { supervise } from '#lib/lifecycle/supervisor.ts';
import type { Logger } from '#lib/log/logger.ts';
import { createRegistry, type Registry } from '#lib/metrics/registry.ts';
import { dialTLS } from '#lib/public-web/post-json.ts';
import { resolveByDNS } from '#lib/public-web/resolve-public.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { currentActor } from './audit/actor.ts';
import { LiveFeed } from './calls/live-feed.ts';
import { SEARCH_POOL, TextSearches } from './calls/text-searches.ts';
import type { API_SERVER_OPTIONS } from './config.ts';
import { recordObserved } from './configuration/record-observed.ts';
import { checkDatabase } from './database/check-database.ts';
import { Database } from './database/database.ts';
import { eraseCaller } from './erasures/erase-caller.ts';
import { TellRuntimes } from './erasures/tell-runtimes.ts';
import { makeApp } from './http/make-app.ts';
import { RateLimiter } from './http/rate-limiter.ts';
import { EXPORTS_AT_ONCE, StreamSlots } from './http/stream-slots.ts';
import { AccessTokens } from './identity/access-token.ts';
import { OutsideTokens } from './identity/outside-tokens.ts';
import { PasswordHasher } from './identity/password-hasher.ts';
import { SignupGate } from './identity/signup-gate.ts';
import { JobQueue } from './jobs/job-queue.ts';
import {
  CLOSE_TENANT,
  ERASE_CALLER,
  NOTIFY_AGAIN_BY_WEBHOOK,
  NOTIFY_BY_MAIL,
  NOTIFY_BY_WEBHOOK,
  PROVISION_TENANT,
  SEND_MAIL,
} from './jobs/job-queues.ts';
import { READ_BLOCK_MS, streamEndOf } from './ledger/ledger-streams.ts';
import { LedgerWriter } from './ledger/ledger-writer.ts';
import { type Mailer, smtpMailer } from './mail/mailer.ts';
import { sendMail } from './mail/send-mail.ts';
import { ROLES } from './migrate/schema.ts';
import { countAttempts, deliveryJob } from './notifications/deliver.ts';
import type { MailLimits } from './notifications/mail-budget.ts';
import { mailChannel } from './notifications/mail-channel.ts';
import { NotificationOutbox } from './notifications/notification-outbox.ts';
import { webhookChannel } from './notifications/webhook-channel.ts';
import { resealSecrets, SecretBox } from './notifications/webhook-secrets.ts';
import { InitialAdmin } from './onprem/initial-admin.ts';
import { dependenciesOf } from './operations/dependencies.ts';
import { DependencyWatch } from './operations/dependency-watch.ts';
import { measureDatabase } from './operations/measure-database.ts';
import { measurePlatform } from './operations/measure-platform.ts';
import { measureProcess } from './operations/measure-process.ts';
import { readSnapshot } from './operations/platform-snapshot.ts';
import { BoundedTables, type Bounds } from './retention/bounded-tables.ts';
import { CallRetention } from './retention/call-retention.ts';
import { allRoutes } from './routes.ts';
import { ContactInviter } from './tenants/contact-inviter.ts';
import { countVanished } from './tenants/count-vanished.ts';
import { endTenant } from './tenants/end-tenant.ts';
import { keepData } from './tenants/keep-data.ts';
import { type ObservedTenant, observeTenant } from './tenants/observed-tenant.ts';
import { provisionTenant } from './tenants/provision-tenant.ts';
import { recordTenants } from './tenants/record-tenants.ts';
import { TenantFollower } from './tenants/tenant-follower.ts';
import { ApiRequestMeter } from './usage/api-request-meter.ts';

/**
 * How long a request waits at most for Redis to count it. What is silent for twice as long is connected to
 * anew, and until that succeeds nobody waits at all.
 */
const RATE_TIMEOUT_MS = 250;

export type ApiServerConfig = ConfigOf<typeof API_SERVER_OPTIONS>;

export interface Surroundings {
  readonly log: Logger;
  readonly clock: Clock;
  /** Aborts when the program should end. */
  readonly signal: AbortSignal;
}

/** Connects the stores, runs the server until the signal and closes them; resolves to the exit status. */
export async function runApiServer(config: ApiServerConfig, around: Surroundings): Promise<number> {
  const { log } = around;
  const database = new Database({
    url: config.DATABASE_URL,
    name: 'veralux-app',
    maxConnections: 10,
    actor: currentActor,
    log,
  });
  const worker = new Database({
    url: config.WORKER_DATABASE_URL,
    name: 'veralux-worker',
    maxConnections: 10,
    log,
  });
  const search = new Database({ url: config.DATABASE_URL, name: 'veralux-search', ...SEARCH_POOL, log });
  const redis: Redis[] = [];
  const kube = new KubeClient({ config: loadKubeConfig(config.KUBECONFIG), userAgent: 'veralux-apiserver' });
  try {
    await checkDatabase(database, 'DATABASE_URL', ROLES.app);
    await checkDatabase(worker, 'WORKER_DATABASE_URL', ROLES.worker);
    const connect = (name: string, commandTimeoutMs: number) =>
      connectRedis({ url: config.REDIS_URL, name, log, commandTimeoutMs });
    const probe = await connect('veralux-apiserver', 2_000);
    redis.push(probe);
    const rates = await connect('veralux-apiserver-rates', RATE_TIMEOUT_MS);
    redis.push(rates);
    // Its reads block for READ_BLOCK_MS, during which nothing else can be asked on the connection.
    const ledger = await connect('veralux-apiserver-ledger', READ_BLOCK_MS + 4_000);
    redis.push(ledger);
    return await serve(config, around, { database, search, worker, kube, probe, rates, ledger });
  } finally {
    await Promise.all([
      ...redis.map(disconnectRedis),
      database.end(),
      search.end(),
      worker.end(),
      kube.close(),
    ]);
  }
}

interface Stores {
  readonly database: Database;
  readonly search: Database;
  readonly worker: Database;
  readonly kube: KubeClient;
  readonly probe: Redis;
  readonly rates: Redis;
  readonly ledger: Redis;
}

async function serve(config: ApiServerConfig, around: Surroundings, stores: Stores): Promise<number> {
  const { log, clock, signal } = around;
  const { database, worker, kube } = stores;
  const registry = createRegistry('apiserver');
  const snapshot = () => readSnapshot({ database: worker, maxTenants: config.METRICS_MAX_TENANTS });
  measureProcess(registry);
  measureDatabase(registry, { app: database, worker });
  measurePlatform({ registry, readSnapshot: snapshot, log });
  const hasher = new PasswordHasher();
  await hasher.warmUp();
  const secrets = secretsOf(config);
  const tokens = new AccessTokens(secrets, clock);
  const secretBox = new SecretBox(secrets);
  await resealSecrets(worker, secretBox);
  const outside = new OutsideTokens(config.OUTSIDE_ISSUERS, clock);
  const informer = new Informer<ObservedTenant>({
    client: kube,
    resource: TENANT,
    log,
    clock,
    transform: observeTenant,
  });
  countVanished(informer, { registry, log });
  const mailer = mailerOf(config, clock);
  const handlers = {
    [PROVISION_TENANT]: provisionTenant({ kube, database: worker, log }),
    [CLOSE_TENANT]: endTenant({ kube, database: worker, log }),
    [ERASE_CALLER]: eraseCaller({ database: worker, log }),
    [SEND_MAIL]: sendMail({ database: worker, mailer, consoleURL: config.CONSOLE_URL, log }),
    ...notifyingJobs(config, around, { worker, registry, mailer, secretBox }),
  };
  const jobs = new JobQueue({ database: worker, log, registry, handlers });
  const outbox = new NotificationOutbox({ jobs });
  const meter = new ApiRequestMeter({ database: worker, outbox, clock, log });
  const dependencies = new DependencyWatch({
    dependencies: dependenciesOf({ database: worker, redis: stores.probe, mailer }, informer, clock),
    clock,
    registry,
    log,
  });
  const state: { notServing: string | undefined } = { notServing: 'the server is starting' };
  const liveFeed = new LiveFeed({ database, clock, log });
  const routes = allRoutes({
    saasMode: config.SAAS_MODE,
    database,
    jobs,
    hasher,
    tokens,
    secretBox,
    outside,
    signupGate: signupGate(config, clock, database),
    clock,
    kube,
    informer,
    dependencies,
    pools: { app: database, worker },
    readSnapshot: snapshot,
    liveFeed,
    searches: new TextSearches(stores.search),
    exportSlots: new StreamSlots(EXPORTS_AT_ONCE),
    notServing: () => state.notServing,
  });
  const listener = makeApp({
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
  return supervise({
    log,
    signal,
    drainTimeoutMs: config.DRAIN_TIMEOUT_MS,
    services: [
      informer,
      dependencies,
      // Before those who send jobs, and so stopped after them.
      jobs,
      ...tenantServices(config, around, {
        informer,
        worker,
        kube,
        probe: stores.probe,
        hasher,
        jobs,
        outbox,
      }),
      ledgerWriter(config, around, stores, { registry, outbox }),
      meter,
      liveFeed,
      new TellRuntimes({ database: worker, redis: stores.probe, registry, clock, log }),
      new CallRetention({ database: worker, clock, log }),
      new BoundedTables({ database: worker, bounds: boundsOf(config), clock, log }),
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

/** The port that people reach, and the one of the cluster's own. */
function httpServers(
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
function secretsOf(config: ApiServerConfig): readonly [string, ...string[]] {
  const { JWT_SECRET: current, JWT_SECRET_SECONDARY: other } = config;
  return other === undefined ? [current] : [current, other];
}

function rateLimiter(config: ApiServerConfig, { rates: redis }: Stores, registry: Registry): RateLimiter {
  const settings = {
    max: config.ADMIN_RATE_MAX,
    maxOfSecrets: config.AUTH_RATE_MAX,
    windowMs: config.ADMIN_RATE_WINDOW_MS,
    replicas: config.CONTROL_REPLICAS,
  };
  return new RateLimiter({ redis, settings, secret: config.JWT_SECRET, registry });
}

/** What only ever grows, and is kept within this. */
function boundsOf(config: ApiServerConfig): Bounds {
  return {
    ledgerRejects: { days: config.LEDGER_REJECTS_DAYS, rows: config.LEDGER_REJECTS_ROWS },
    revisions: { days: config.REVISIONS_DAYS, rows: config.REVISIONS_ROWS },
    notifications: { days: config.NOTIFICATIONS_DAYS },
    auditEvents: { days: config.AUDIT_DAYS },
  };
}

function signupGate(config: ApiServerConfig, clock: Clock, database: Database): SignupGate {
  const limits = {
    perDay: config.SIGNUPS_PER_DAY,
    perNetwork: config.SIGNUPS_PER_DAY_PER_NETWORK,
    perAddress: config.SIGNUPS_PER_DAY_PER_EMAIL,
  };
  return new SignupGate({ database, clock, limits, secret: config.JWT_SECRET });
}

function mailerOf({ SMTP_URL: url, MAIL_FROM: from }: ApiServerConfig, clock: Clock): Mailer | undefined {
  return url === undefined || from === undefined ? undefined : smtpMailer({ url, from, clock });
}

/** What tells tenants of leads, calls and limits, by queue. */
function notifyingJobs(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  parts: {
    readonly worker: Database;
    readonly registry: Registry;
    readonly mailer: Mailer | undefined;
    readonly secretBox: SecretBox;
  },
) {
  const { worker: database, registry, mailer, secretBox } = parts;
  const deps = { database, attempts: countAttempts(registry), log };
  const webhook = webhookChannel({ database, secretBox, clock, resolve: resolveByDNS, dial: dialTLS });
  return {
    [NOTIFY_BY_WEBHOOK]: deliveryJob(deps, webhook, { queue: NOTIFY_AGAIN_BY_WEBHOOK }),
    [NOTIFY_AGAIN_BY_WEBHOOK]: deliveryJob(deps, webhook),
    [NOTIFY_BY_MAIL]: deliveryJob(
      deps,
      mailChannel({ mailer, consoleURL: config.CONSOLE_URL, database, limits: mailLimitsOf(config) }),
    ),
  };
}

function mailLimitsOf(config: ApiServerConfig): MailLimits {
  return {
    perTenant: config.NOTIFICATION_MAILS_PER_DAY,
    perAddress: config.NOTIFICATION_MAILS_PER_DAY_PER_ADDRESS,
  };
}

/** What follows the Tenants, and on-prem makes the person that they belong to. */
function tenantServices(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  parts: Pick<Stores, 'worker' | 'kube' | 'probe'> & {
    readonly informer: Informer<ObservedTenant>;
    readonly hasher: PasswordHasher;
    readonly jobs: JobQueue;
    readonly outbox: NotificationOutbox;
  },
): readonly Service[] {
  const { informer, worker: database, kube, probe, hasher, jobs, outbox } = parts;
  const isOnPrem = !config.SAAS_MODE;
  const { NAMESPACE: namespace, ADMIN_EMAIL: email } = config;
  const recording = { informer, database, isOnPrem, jobs, outbox, log };
  const record = (names: readonly string[]) => recordTenants(recording, names);
  const ledgerEndOf = (shard: Shard) => streamEndOf(probe, shard);
  const keeping = { informer, kube, database, ledgerEndOf, namespace, log };
  const following = { informer, clock, log };
  const followers = [
    new TenantFollower({
      ...following,
      name: 'tenant observer',
      batchSize: 100,
      work: record,
    }),
    new TenantFollower({
      ...following,
      name: 'revision keeper',
      batchSize: 20,
      work: (names) => recordObserved({ informer, kube, database, recordTenants: record, log }, names),
    }),
    new TenantFollower({
      ...following,
      name: 'data keeper',
      batchSize: 20,
      // What is deleted as soon as it was made still gets the row that its end is recorded in.
      work: async (names) => {
        await record(names.filter((name) => informer.get(name)?.deletion !== undefined));
        await keepData(keeping, names);
      },
    }),
  ];
  if (!isOnPrem) return [...followers, new ContactInviter({ database, jobs, clock, log })];
  return [...followers, new InitialAdmin({ kube, database, hasher, namespace, email, clock, log })];
}

function ledgerWriter(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  { ledger, worker }: Stores,
  { registry, outbox }: { readonly registry: Registry; readonly outbox: NotificationOutbox },
): Service {
  const databaseURL = config.WORKER_DATABASE_URL;
  return new LedgerWriter({ redis: ledger, database: worker, databaseURL, outbox, registry, clock, log });
}
