import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import {
  type NotificationEvent,
  type Notifications,
  notificationsSchema,
} from '#crds/tenant/call-handling.ts';
import { uuidV5 } from '#lib/ids/uuid-v5.ts';
import type { PoolClient } from '../database/database.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { NOTIFY_BY_MAIL, NOTIFY_BY_WEBHOOK, SEND_MAIL } from '../jobs/job-queues.ts';
import { askForProofs, type NamedAddress } from './address-proofs.ts';
import { limitOccasions, readMonthFigures } from './limit-occasions.ts';
import { type Occasion, occasionsOf } from './occasion.ts';

type Settings = ReadonlyMap<string, Notifications>;

/** One whom a notification goes to, as `notification_deliveries` has it. */
interface Target {
  readonly channel: 'Email' | 'Webhook';
  readonly address: string | null;
}

/**
 * Notes what tenants are to be told of, in the transaction of what makes it so: a notification is there exactly when
 * its cause is, once, with a delivery and a job for each whom it goes to. Tenants that want to be told of nothing cost
 * one query.
 */
export class NotificationOutbox {
  readonly #jobs: Pick<JobQueue, 'sendAll' | 'wake'>;
  #hasNoted = false;
  #hasAsked = false;

  constructor({ jobs }: { readonly jobs: Pick<JobQueue, 'sendAll' | 'wake'> }) {
    this.#jobs = jobs;
  }

  /** After the rows of these accepted events were written. */
  async noteLedger(client: PoolClient, events: readonly LedgerEvent[]): Promise<void> {
    const settings = await readSettings(client, tenantsOf(events.filter(isTelling)));
    if (settings.size === 0) return;
    const theirs = events.filter(({ tenantID }) => settings.has(tenantID));
    const used = tenantsOf(theirs.filter(({ kind }) => kind === 'usage'));
    await this.#note(client, settings, [
      ...(await occasionsOf(client, theirs)),
      ...(await metLimits(client, used)),
    ]);
  }

  /** After what these tenants used, or may use, has changed. */
  async noteLimits(client: PoolClient, tenantIDs: readonly string[]): Promise<void> {
    const settings = await readSettings(client, tenantIDs);
    if (settings.size === 0) return;
    await this.#note(client, settings, await metLimits(client, [...settings.keys()]));
  }

  /** After the settings of these tenants were observed: new addresses are asked whether they want to be told. */
  async askAddresses(client: PoolClient, tenantIDs: readonly string[]): Promise<void> {
    const settings = await readSettings(client, tenantIDs);
    await this.#ask(
      client,
      [...settings].flatMap(([tenant_id, { emails }]) => emails.map((address) => ({ tenant_id, address }))),
    );
  }

  /** Begins to send what was noted. Call it after the commit. */
  wake(): void {
    if (this.#hasAsked) this.#jobs.wake(SEND_MAIL);
    this.#hasAsked = false;
    if (!this.#hasNoted) return;
    this.#hasNoted = false;
    this.#jobs.wake(NOTIFY_BY_WEBHOOK);
    this.#jobs.wake(NOTIFY_BY_MAIL);
  }

  async #note(client: PoolClient, settings: Settings, occasions: readonly Occasion[]): Promise<void> {
    const wanted = occasions.filter(({ tenantID, event }) => targetsOf(settings, tenantID, event).length > 0);
    if (wanted.length === 0) return;
    const added = await addNotifications(client, wanted);
    const deliveries = added.flatMap(({ tenant_id, notification_id, event }) =>
      targetsOf(settings, tenant_id, event).map((target) => ({
        tenant_id,
        notification_id,
        delivery_id: uuidV5(notification_id, `${target.channel}/${target.address ?? ''}`),
        ...target,
      })),
    );
    if (deliveries.length === 0) return;
    await client.query(
      `INSERT INTO notification_deliveries (tenant_id, delivery_id, notification_id, channel, address)
       SELECT tenant_id, delivery_id, notification_id, channel, address FROM jsonb_to_recordset($1::jsonb) AS x (
         tenant_id uuid, delivery_id uuid, notification_id uuid, channel text, address text)`,
      [JSON.stringify(deliveries)],
    );
    for (const [channel, queue] of [
      ['Webhook', NOTIFY_BY_WEBHOOK],
      ['Email', NOTIFY_BY_MAIL],
    ] as const) {
      const jobs = deliveries.filter((delivery) => delivery.channel === channel).map(jobOf);
      await this.#jobs.sendAll(client, queue, jobs);
    }
    this.#hasNoted = true;
    // Where the settings were observed before there was anybody to ask.
    await this.#ask(
      client,
      deliveries.flatMap(({ tenant_id, address }) => (address === null ? [] : [{ tenant_id, address }])),
    );
  }

  async #ask(client: PoolClient, addresses: readonly NamedAddress[]): Promise<void> {
    if (await askForProofs(client, this.#jobs, addresses)) this.#hasAsked = true;
  }
}

/** A delivery's job: of the tenant's group, so that none waits for another tenant's receiver. */
export function jobOf(delivery: { readonly tenant_id: string; readonly delivery_id: string }) {
  const { tenant_id: tenantID, delivery_id: deliveryID } = delivery;
  return { data: { tenantID, deliveryID }, group: tenantID };
}

function isTelling({ kind }: LedgerEvent): boolean {
  return kind === 'lead' || kind === 'ended' || kind === 'recording' || kind === 'usage';
}

function tenantsOf(events: readonly LedgerEvent[]): string[] {
  return [...new Set(events.map(({ tenantID }) => tenantID))];
}

async function metLimits(client: PoolClient, tenantIDs: readonly string[]): Promise<Occasion[]> {
  if (tenantIDs.length === 0) return [];
  return (await readMonthFigures(client, tenantIDs)).flatMap(limitOccasions);
}

async function readSettings(client: PoolClient, tenantIDs: readonly string[]): Promise<Settings> {
  if (tenantIDs.length === 0) return new Map();
  const { rows } = await client.query<{ tenant_id: string; notifications: unknown }>(
    `SELECT tenant_id, notifications FROM tenants
      WHERE tenant_id = ANY($1) AND notifications IS NOT NULL AND deleted_at IS NULL`,
    [tenantIDs],
  );
  // What a newer release allows and this one cannot read must not keep the ledger from being written.
  return new Map(
    rows.flatMap(({ tenant_id, notifications }) => {
      const parsed = notificationsSchema.safeParse(notifications);
      return parsed.success ? [[tenant_id, parsed.data] as const] : [];
    }),
  );
}

function targetsOf(settings: Settings, tenantID: string, event: NotificationEvent): Target[] {
  const wanted = settings.get(tenantID);
  if (wanted === undefined) return [];
  const { emails, emailEvents, webhookURL, webhookEvents } = wanted;
  const isPosted = webhookURL !== undefined && webhookEvents.includes(event);
  return [
    ...(isPosted ? [{ channel: 'Webhook', address: null } as const] : []),
    ...(emailEvents.includes(event) ? emails.map((address) => ({ channel: 'Email', address }) as const) : []),
  ];
}

interface AddedRow {
  readonly tenant_id: string;
  readonly notification_id: string;
  readonly event: NotificationEvent;
}

/** Those that are new: what was noted before stays as it is. */
async function addNotifications(client: PoolClient, occasions: readonly Occasion[]): Promise<AddedRow[]> {
  const rows = occasions.map(({ tenantID, event, key, callID, limit }) => ({
    tenant_id: tenantID,
    // By what it is about: after a restore of the database, receivers know what they were told before.
    notification_id: uuidV5(tenantID, `${event}/${key}`),
    event,
    event_key: key,
    call_id: callID ?? null,
    limit_name: limit?.name ?? null,
    limit_value: limit?.allowed ?? null,
    month: limit?.month ?? null,
  }));
  const added = await client.query<AddedRow>(
    `INSERT INTO notifications (tenant_id, notification_id, event, event_key, call_id, limit_name, limit_value, month)
     SELECT tenant_id, notification_id, event, event_key, call_id, limit_name, limit_value, month
       FROM jsonb_to_recordset($1::jsonb) AS x (
         tenant_id uuid, notification_id uuid, event text, event_key text, call_id uuid,
         limit_name text, limit_value bigint, month text)
      ORDER BY tenant_id, event, event_key
     ON CONFLICT (tenant_id, event, event_key) DO NOTHING
     RETURNING tenant_id, notification_id, event`,
    [JSON.stringify(rows)],
  );
  return added.rows;
}
