import { z } from 'zod';
import {
  type NotificationEvent,
  type Notifications,
  notificationsSchema,
} from '#crds/tenant/call-handling.ts';
import type { Database } from '../database/database.ts';
import { ADDRESS_IS_UNPROVEN } from '../mail/address-links.ts';
import type { MonthlyLimit } from './occasion.ts';

/** What a job of a delivery carries. */
export const deliveryJobSchema = z.strictObject({ tenantID: z.uuid(), deliveryID: z.uuid() });

type DeliveryJob = z.output<typeof deliveryJobSchema>;

/** A delivery that is to be made, with what its tenant wants now. */
export interface PendingDelivery extends DeliveryJob {
  readonly notificationID: string;
  readonly event: NotificationEvent;
  readonly createdAt: Date;
  readonly callID: string | null;
  readonly limit: MonthlyLimit | null;
  readonly address: string | null;
  /** Whether whoever reads the mail of the address wants to be told. */
  readonly isProven: boolean;
  /** Why it is not delivered yet, as it was noted last. */
  readonly error: string | null;
  /** Whether it was tried for as long as it is to be. */
  readonly isOver: boolean;
  /** Undefined where the tenant wants to be told of nothing any more, or is deleted. */
  readonly settings: Notifications | undefined;
  readonly company: string;
  /** How often in a row the tenant's receiver gave no good answer, and whether it is left in peace for that. */
  readonly failures: number;
  readonly isPaused: boolean;
}

interface Row {
  readonly notification_id: string;
  readonly event: NotificationEvent;
  readonly created_at: Date;
  readonly call_id: string | null;
  readonly limit_name: MonthlyLimit['name'] | null;
  readonly limit_value: string | null;
  readonly month: string | null;
  readonly address: string | null;
  readonly is_proven: boolean;
  readonly error: string | null;
  readonly is_over: boolean;
  readonly notifications: unknown;
  readonly company: string | null;
  readonly webhook_failures: number;
  readonly is_paused: boolean;
}

/** Undefined where it is made or given up already, or is gone with its call. Throws DatabaseUnavailable. */
export async function readPending(
  database: Database,
  { tenantID, deliveryID }: DeliveryJob,
): Promise<PendingDelivery | undefined> {
  const [row] = await database.query<Row>(
    `SELECT n.notification_id, n.event, n.created_at, n.call_id, n.limit_name, n.limit_value, n.month,
            d.address, d.error, d.give_up_at <= now() AS is_over,
            EXISTS (SELECT FROM notification_addresses a
                     WHERE a.tenant_id = d.tenant_id AND a.address = d.address AND NOT ${ADDRESS_IS_UNPROVEN}) AS is_proven,
            CASE WHEN t.deleted_at IS NULL THEN t.notifications END AS notifications,
            COALESCE(t.display_name, t.name) AS company, t.webhook_failures,
            COALESCE(t.webhook_paused_until > now(), false) AS is_paused
       FROM notification_deliveries d JOIN notifications n USING (tenant_id, notification_id)
       JOIN tenants t USING (tenant_id)
      WHERE d.tenant_id = $1 AND d.delivery_id = $2 AND d.state = 'Pending'`,
    [tenantID, deliveryID],
  );
  return row && { tenantID, deliveryID, ...pendingOf(row) };
}

function pendingOf(row: Row): Omit<PendingDelivery, keyof DeliveryJob> {
  const { limit_name: name, month } = row;
  return {
    notificationID: row.notification_id,
    event: row.event,
    createdAt: row.created_at,
    callID: row.call_id,
    limit: name === null || month === null ? null : { name, month, allowed: Number(row.limit_value) },
    address: row.address,
    isProven: row.is_proven,
    error: row.error,
    isOver: row.is_over,
    settings: notificationsSchema.safeParse(row.notifications).data,
    company: row.company ?? 'your company',
    failures: row.webhook_failures,
    isPaused: row.is_paused,
  };
}
