import type { Shard } from '#crds/projection/shard.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { ApiServerConfig } from './config.ts';
import { recordObserved } from './configuration/record-observed.ts';
import { TellRuntimes } from './erasures/tell-runtimes.ts';
import type { PasswordHasher } from './identity/password-hasher.ts';
import type { JobQueue } from './jobs/job-queue.ts';
import { streamEndOf } from './ledger/ledger-streams.ts';
import { LedgerWriter } from './ledger/ledger-writer.ts';
import type { NotificationOutbox } from './notifications/notification-outbox.ts';
import { InitialAdmin } from './onprem/initial-admin.ts';
import { BoundedTables, type Bounds } from './retention/bounded-tables.ts';
import { CallRetention } from './retention/call-retention.ts';
import type { Stores } from './stores.ts';
import type { Surroundings } from './surroundings.ts';
import { ContactInviter } from './tenants/contact-inviter.ts';
import { keepData } from './tenants/keep-data.ts';
import type { ObservedTenant } from './tenants/observed-tenant.ts';
import { recordTenants } from './tenants/record-tenants.ts';
import { TenantFollower } from './tenants/tenant-follower.ts';

/** What follows the Tenants, and on-prem makes the person that they belong to. */
export function tenantServices(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  { worker: database, kube, probe }: Stores,
  parts: {
    readonly informer: Informer<ObservedTenant>;
    readonly hasher: PasswordHasher;
    readonly jobs: JobQueue;
    readonly outbox: NotificationOutbox;
  },
): readonly Service[] {
  const { informer, hasher, jobs, outbox } = parts;
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

/** What takes the runtimes' ledger in. */
export function ledgerWriter(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  { ledger, worker }: Stores,
  { registry, outbox }: { readonly registry: Registry; readonly outbox: NotificationOutbox },
): Service {
  const databaseURL = config.WORKER_DATABASE_URL;
  return new LedgerWriter({ redis: ledger, database: worker, databaseURL, outbox, registry, clock, log });
}

/** What keeps the rows within their bounds of time and number. */
export function retentionServices(
  config: ApiServerConfig,
  { log, clock }: Surroundings,
  { worker: database, probe: redis }: Stores,
  registry: Registry,
): readonly Service[] {
  return [
    new TellRuntimes({ database, redis, registry, clock, log }),
    new CallRetention({ database, clock, log }),
    new BoundedTables({ database, bounds: boundsOf(config), clock, log }),
  ];
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
