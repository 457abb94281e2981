import type { PoolClient } from '../database/database.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { SEND_MAIL } from '../jobs/job-queues.ts';
import { ADDRESS_NEEDS_LINK } from '../mail/address-links.ts';

/** Where a tenant wants to be told by mail. */
export interface NamedAddress {
  readonly tenant_id: string;
  readonly address: string;
}

/**
 * Has whoever reads the mail of these addresses asked whether they want notifications, unless they were or need not be:
 * anybody can name an address. In the transaction of what names them; whether there were any to ask.
 */
export async function askForProofs(
  client: PoolClient,
  jobs: Pick<JobQueue, 'sendAll'>,
  addresses: readonly NamedAddress[],
): Promise<boolean> {
  if (addresses.length === 0) return false;
  await client.query(
    `INSERT INTO notification_addresses (tenant_id, address)
     SELECT DISTINCT tenant_id, address FROM jsonb_to_recordset($1::jsonb) AS x (tenant_id uuid, address text)
      ORDER BY tenant_id, address
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(addresses)],
  );
  const { rows } = await client.query<{ address_id: string }>(
    `SELECT DISTINCT a.address_id
       FROM jsonb_to_recordset($1::jsonb) AS x (tenant_id uuid, address text)
       JOIN notification_addresses a USING (tenant_id, address)
      WHERE ${ADDRESS_NEEDS_LINK}`,
    [JSON.stringify(addresses)],
  );
  const asked = rows.map(({ address_id: id }) => ({ data: { mail: 'NotificationAddress', id } }));
  await jobs.sendAll(client, SEND_MAIL, asked);
  return asked.length > 0;
}
