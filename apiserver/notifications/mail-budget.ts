import type { Database } from '../database/database.ts';

/** How many notifications are mailed in a UTC day. */
export interface MailLimits {
  readonly perTenant: number;
  /** Of all tenants together. */
  readonly perAddress: number;
}

/** Counts one more notification that is about to be mailed; false where there are enough of this day. */
export async function takeMail(
  database: Database,
  { tenantID, address }: { readonly tenantID: string; readonly address: string },
  { perTenant, perAddress }: MailLimits,
): Promise<boolean> {
  const rows = await database.query(
    `WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day)
     UPDATE notification_addresses a
        SET mails_on = day, mails = CASE WHEN a.mails_on = day THEN a.mails ELSE 0 END + 1
       FROM today
      WHERE a.tenant_id = $1 AND a.address = $2
        AND (SELECT COALESCE(sum(mails), 0) FROM notification_addresses WHERE tenant_id = $1 AND mails_on = day) < $3
        AND (SELECT COALESCE(sum(mails), 0) FROM notification_addresses
              WHERE lower(address) = lower($2) AND mails_on = day) < $4
     RETURNING a.mails`,
    [tenantID, address, perTenant, perAddress],
  );
  return rows.length > 0;
}
