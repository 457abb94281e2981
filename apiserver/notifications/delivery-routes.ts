import { z } from 'zod';
import { NOTIFICATION_EVENTS, type NotificationEvent } from '#crds/tenant/call-handling.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { hasScope, type InTenant } from '../identity/principal.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { NOTIFY_BY_MAIL, NOTIFY_BY_WEBHOOK } from '../jobs/job-queues.ts';
import { jobOf } from './notification-outbox.ts';

export interface DeliveryRouteDeps {
  /** As the app role. */
  readonly database: Database;
  readonly jobs: Pick<JobQueue, 'sendAll' | 'wake'>;
}

const LIST = '/api/admin/notifications/deliveries';
const ONE = `${LIST}/{deliveryID}`;
const READ = inTenant('Viewer', { scope: 'configuration:read' });
const paramsSchema = z.strictObject({ deliveryID: z.uuid() });
const time = z.iso.datetime();
const stateSchema = z.enum(['Pending', 'Delivered', 'Dead']);

const deliverySchema = z.strictObject({
  id: z.uuid(),
  notificationID: z.uuid().describe('The webhook has it in `webhook-id`, after `msg_`.'),
  event: z.enum(NOTIFICATION_EVENTS),
  callID: z.uuid().nullable().describe('Null where it is about a limit.'),
  channel: z.enum(['Email', 'Webhook']),
  address: z.string().nullable().describe('Of a mail; a webhook goes to the URL that is set.'),
  state: stateSchema.describe('Dead: given up after a day, or because it will be no better later.'),
  attempts: z.number().int(),
  responseStatus: z.number().int().nullable().describe('Of the last answer, if there was one.'),
  error: z
    .string()
    .nullable()
    .describe('Why it is not delivered: a word such as `timed_out`, or a code such as `ENOTFOUND`.'),
  createdAt: time,
  lastAttemptAt: time.nullable(),
  settledAt: time.nullable().describe('When it was delivered or given up.'),
});

interface DeliveryRow {
  readonly delivery_id: string;
  readonly notification_id: string;
  readonly event: NotificationEvent;
  readonly call_id: string | null;
  readonly channel: 'Email' | 'Webhook';
  readonly address: string | null;
  readonly state: z.output<typeof stateSchema>;
  readonly attempts: number;
  readonly response_status: number | null;
  readonly error: string | null;
  readonly created_at: Date;
  readonly last_attempt_at: Date | null;
  readonly settled_at: Date | null;
}

const SELECT = `
  SELECT d.delivery_id, d.notification_id, n.event, n.call_id, d.channel, d.address, d.state, d.attempts,
         d.response_status, d.error, d.created_at, d.last_attempt_at, d.settled_at
    FROM notification_deliveries d JOIN notifications n USING (tenant_id, notification_id)
   WHERE d.tenant_id = $1`;

/** What a tenant was told, what could not be told, and a further attempt. */
export function deliveryRoutes(deps: DeliveryRouteDeps): readonly Route[] {
  return [listRoute(deps), readRoute(deps), resendRoute(deps)];
}

function listRoute({ database }: DeliveryRouteDeps): Route {
  return defineRoute({
    method: 'GET',
    path: LIST,
    operationID: 'listDeliveries',
    summary: 'List deliveries of notifications, the latest first; the dead ones by `state=Dead`.',
    access: READ,
    query: pageQuerySchema.extend({ state: stateSchema.optional() }),
    replies: { 200: { description: 'A page of deliveries.', schema: pageSchema(deliverySchema) } },
    handle: ({ query, principal }) =>
      readTenantPage(database, { tenantID: principal.tenant.id, query, list: listOf(query.state) }),
  });
}

/** `state` is one of three words of ours. */
function listOf(
  state: DeliveryRow['state'] | undefined,
): PagedList<DeliveryRow, ReturnType<typeof deliveryOf>> {
  return {
    select: state === undefined ? SELECT : `${SELECT} AND d.state = '${state}'`,
    order: { at: 'd.created_at', id: 'd.delivery_id' },
    positionOf: (row) => ({ at: row.created_at, id: row.delivery_id }),
    itemOf: deliveryOf,
  };
}

function readRoute({ database }: DeliveryRouteDeps): Route {
  return defineRoute({
    method: 'GET',
    path: ONE,
    operationID: 'readDelivery',
    summary: 'Read a delivery of a notification.',
    access: READ,
    params: paramsSchema,
    replies: { 200: { description: 'The delivery.', schema: deliverySchema } },
    problems: ['not_found'],
    handle: async ({ params, principal }) => {
      const row = await database.withTenant(principal.tenant.id, (client) =>
        findDelivery(client, principal.tenant.id, params.deliveryID),
      );
      return { status: 200, body: deliveryOf(row) } as const;
    },
  });
}

function resendRoute({ database, jobs }: DeliveryRouteDeps): Route {
  return defineRoute({
    method: 'POST',
    path: `${ONE}/resend`,
    operationID: 'resendDelivery',
    summary:
      'Have a notification sent again that was given up or delivered, with the same `webhook-id`. An API key needs `calls:read`, too, where it is about a call.',
    access: inTenant('Admin', { scope: 'configuration:write' }),
    params: paramsSchema,
    replies: {
      202: { description: 'The delivery, which is tried for another day.', schema: deliverySchema },
    },
    problems: ['not_found', 'delivery_pending'],
    handle: async ({ params: { deliveryID }, principal, once }) => {
      const { id: tenantID } = principal.tenant;
      const reply = await once({
        tenantID,
        transaction: (work) => database.withTenant(tenantID, work),
        create: async (client) => {
          const row = await beginAnew(client, tenantID, deliveryID);
          refuseWords(principal, row);
          const queue = row.channel === 'Webhook' ? NOTIFY_BY_WEBHOOK : NOTIFY_BY_MAIL;
          await jobs.sendAll(client, queue, [jobOf({ tenant_id: tenantID, delivery_id: deliveryID })]);
          return { status: 202, location: `${LIST}/${deliveryID}`, body: deliveryOf(row) } as const;
        },
      });
      jobs.wake(NOTIFY_BY_WEBHOOK);
      jobs.wake(NOTIFY_BY_MAIL);
      return reply;
    },
  });
}

/** What is sent again may hold what a caller said. Throws ApiError `not_permitted`, which undoes all. */
function refuseWords(principal: InTenant, { call_id: callID }: DeliveryRow): void {
  if (callID === null || principal.kind !== 'ApiKey' || hasScope(principal, 'calls:read')) return;
  throw new ApiError('not_permitted', 'The key lacks the scope calls:read.');
}

/** Pending again, and the receiver is asked at once. Throws ApiError `not_found`, `delivery_pending`. */
async function beginAnew(client: PoolClient, tenantID: string, deliveryID: string): Promise<DeliveryRow> {
  const { rowCount } = await client.query(
    `UPDATE notification_deliveries SET state = 'Pending', give_up_at = now() + interval '1 day', settled_at = NULL
      WHERE tenant_id = $1 AND delivery_id = $2 AND state <> 'Pending'`,
    [tenantID, deliveryID],
  );
  const row = await findDelivery(client, tenantID, deliveryID);
  if (rowCount === 0) throw new ApiError('delivery_pending');
  if (row.channel === 'Webhook') {
    await client.query('UPDATE tenants SET webhook_paused_until = NULL WHERE tenant_id = $1', [tenantID]);
  }
  return row;
}

/** Throws ApiError `not_found`. */
async function findDelivery(client: PoolClient, tenantID: string, deliveryID: string): Promise<DeliveryRow> {
  const { rows } = await client.query<DeliveryRow>(`${SELECT} AND d.delivery_id = $2`, [
    tenantID,
    deliveryID,
  ]);
  if (!rows[0]) throw new ApiError('not_found', 'There is no delivery with this id.');
  return rows[0];
}

function deliveryOf(row: DeliveryRow): z.output<typeof deliverySchema> {
  return {
    id: row.delivery_id,
    notificationID: row.notification_id,
    event: row.event,
    callID: row.call_id,
    channel: row.channel,
    address: row.address,
    state: row.state,
    attempts: row.attempts,
    responseStatus: row.response_status,
    error: row.error,
    createdAt: row.created_at.toISOString(),
    lastAttemptAt: row.last_attempt_at?.toISOString() ?? null,
    settledAt: row.settled_at?.toISOString() ?? null,
  };
}
