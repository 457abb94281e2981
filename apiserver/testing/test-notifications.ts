import { randomUUID } from 'node:crypto';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { effectiveLimits } from '#crds/plans/plans.ts';
import { type Shard, shardOf } from '#crds/projection/shard.ts';
import { notificationsSchema } from '#crds/tenant/call-handling.ts';
import { httpsSite, PUBLIC_ADDRESS, SITE, type SiteAnswer } from '#hack/testing/https-site.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { Dial } from '#lib/public-web/post-json.ts';
import { NOTIFY_AGAIN_BY_WEBHOOK, NOTIFY_BY_MAIL, NOTIFY_BY_WEBHOOK, SEND_MAIL } from '../jobs/job-queues.ts';
import { writeBatch } from '../ledger/write-batch.ts';
import { smtpMailer } from '../mail/mailer.ts';
import { sendMail } from '../mail/send-mail.ts';
import { countAttempts, deliveryJob } from '../notifications/deliver.ts';
import { mailChannel } from '../notifications/mail-channel.ts';
import { NotificationOutbox } from '../notifications/notification-outbox.ts';
import { webhookChannel } from '../notifications/webhook-channel.ts';
import { SecretBox } from '../notifications/webhook-secrets.ts';
import { startTestApi, TEST_SECRET, type TestApi } from './test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from './test-database.ts';
import { startTestMailbox, type TestMailbox } from './test-mailbox.ts';

export const WEBHOOK_URL = `https://${SITE}/hook`;

type Site = Awaited<ReturnType<typeof httpsSite>>;
type Tenant = Awaited<ReturnType<TestApi['signUp']>>;

/** Notifications from end to end: the ledger's transaction, the jobs, a receiver by real TLS and a mailbox by SMTP. */
export class TestNotifications {
  readonly database: MigratedDatabase;
  readonly api: TestApi;
  readonly site: Site;
  readonly mailbox: TestMailbox;
  readonly outbox: NotificationOutbox;
  readonly #cursors = new Map<Shard, string>();
  readonly #close: () => void;
  /** What the receiver answers; 200 where it says nothing. */
  answer: SiteAnswer | undefined;
  #streamID = 0;

  private constructor(
    parts: Pick<TestNotifications, 'database' | 'api' | 'site' | 'mailbox'>,
    close: () => void,
  ) {
    this.database = parts.database;
    this.api = parts.api;
    this.site = parts.site;
    this.mailbox = parts.mailbox;
    this.outbox = new NotificationOutbox({ jobs: this.api.jobs });
    this.#close = close;
  }

  /** `works`: whether deliveries are made in this process. */
  static async start({ works = true } = {}): Promise<TestNotifications> {
    const database = await createMigratedDatabase();
    const mailbox = await startTestMailbox();
    const script: SiteAnswer[] = [];
    const site = await httpsSite(script);
    const mailer = smtpMailer({
      url: mailbox.url,
      from: 'VeraLux <no-reply@example.com>',
      clock: systemClock,
    });
    const deps = {
      database: database.worker,
      attempts: countAttempts(createRegistry('test')),
      log: silentLogger,
    };
    const secretBox = new SecretBox([TEST_SECRET]);
    const resolve = async () => [{ address: PUBLIC_ADDRESS, family: 4 }];
    const dial: Dial = (target, signal) =>
      target.hostname.startsWith('dead') ? never(signal) : site.dial(target, signal);
    const web = { database: database.worker, secretBox, clock: systemClock, resolve, dial };
    const webhook = webhookChannel(web);
    const consoleURL = 'https://console.example.com';
    const limits = { perTenant: 6, perAddress: 4 };
    const handlers = {
      [NOTIFY_BY_WEBHOOK]: deliveryJob(deps, webhook, { queue: NOTIFY_AGAIN_BY_WEBHOOK }),
      [NOTIFY_AGAIN_BY_WEBHOOK]: deliveryJob(deps, webhook),
      [NOTIFY_BY_MAIL]: deliveryJob(
        deps,
        mailChannel({ mailer, consoleURL, database: database.worker, limits }),
      ),
      [SEND_MAIL]: sendMail({ database: database.worker, mailer, consoleURL, log: silentLogger }),
    };
    const api = await startTestApi(database, works ? { handlers } : {});
    const test = new TestNotifications({ database, api, site, mailbox }, () => mailer.close());
    script.shift = () => (response) =>
      test.answer ? test.answer(response) : void response.writeHead(200).end();
    return test;
  }

  async stop(): Promise<void> {
    await this.api.stop();
    this.#close();
    await this.site.close();
    await this.mailbox.stop();
    await this.database.drop();
  }

  /** A tenant as if its resource was observed, whose addresses have agreed to be told. */
  async tenant(notifications: object | null, limits: object = {}): Promise<Tenant> {
    const tenant = await this.api.signUp(randomUUID());
    await this.set(tenant.tenantID, notifications);
    await this.prove(tenant.tenantID, notificationsSchema.parse(notifications ?? {}).emails);
    await this.database.worker.query('UPDATE tenants SET limits = $2 WHERE tenant_id = $1', [
      tenant.tenantID,
      JSON.stringify(effectiveLimits({ plan: 'Free', limits })),
    ]);
    return tenant;
  }

  /** As many tenants at once, whom the ledger alone has made, each with a receiver at a host that takes no connection. */
  async deadTenants(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    await this.database.worker.query(
      `INSERT INTO tenants (tenant_id, source) SELECT id, 'Ledger' FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    for (const id of ids) {
      await this.set(id, { webhookURL: `https://dead-${id}.example.com/`, webhookEvents: ['CallEnded'] });
    }
    return ids;
  }

  async set(tenantID: string, notifications: object | null): Promise<void> {
    const observed = notifications && JSON.stringify(notificationsSchema.parse(notifications));
    await this.database.worker.query('UPDATE tenants SET notifications = $2 WHERE tenant_id = $1', [
      tenantID,
      observed,
    ]);
  }

  async prove(tenantID: string, emails: readonly string[]): Promise<void> {
    await this.database.worker.query(
      `INSERT INTO notification_addresses (tenant_id, address, proven_at)
       SELECT $1, address, now() FROM unnest($2::text[]) AS address`,
      [tenantID, emails],
    );
  }

  /** As the ledger's writer takes events in. */
  async write(events: readonly LedgerEvent[]): Promise<void> {
    const entries = events.map((event) => ({
      shard: shardOf(event.tenantID),
      streamID: `1-${++this.#streamID}`,
      text: JSON.stringify(event),
    }));
    await writeBatch(this.database.worker, entries, this.#cursors, (client, accepted) =>
      this.outbox.noteLedger(client, accepted),
    );
    this.outbox.wake();
  }

  /** The tenant's deliveries, as the API shows them, the first first. */
  async deliveries({ token }: Tenant, query = '') {
    const reply = await this.api.call('GET', `/api/admin/notifications/deliveries?limit=100${query}`, {
      token,
    });
    return (
      reply.body.items as { id: string; event: string; channel: string; state: string; error: string }[]
    ).toReversed();
  }

  /** What the receiver got for the tenant: the payloads by type. */
  posted({ tenantID }: Tenant) {
    return this.site.requests
      .map((request) => ({
        ...request,
        payload: JSON.parse(request.body) as { type: string; data: { tenantID: string } },
      }))
      .filter(({ payload }) => payload.data.tenantID === tenantID);
  }

  /** Lets all that waits for its next attempt be tried now. */
  async hurry(): Promise<void> {
    await this.database.worker.query('UPDATE tenants SET webhook_paused_until = NULL');
    await this.database.worker.query(
      `UPDATE pgboss.job SET start_after = now() WHERE name LIKE 'notify-%' AND state IN ('created', 'retry')`,
    );
  }
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
