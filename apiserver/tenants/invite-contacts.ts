import { randomUUID } from 'node:crypto';
import type { PoolClient } from '../database/database.ts';
import { emailAddressSchema } from '../identity/email-address.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { SEND_MAIL } from '../jobs/job-queues.ts';

/**
 * Invites the contact of each tenant that belongs to nobody, because it was made with kubectl, to own
 * it. Once: a tenant that ever had an invitation is let be. In the transaction of `client`, of the
 * worker role.
 */
export async function inviteContacts(
  client: PoolClient,
  jobs: Pick<JobQueue, 'send'>,
  tenantIDs: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ tenant_id: string; contact_email: string }>(
    `SELECT tenant_id, contact_email FROM tenants t
      WHERE tenant_id = ANY($1::uuid[]) AND source <> 'Signup' AND contact_email IS NOT NULL
        AND NOT EXISTS (SELECT FROM memberships m WHERE m.tenant_id = t.tenant_id)
        AND NOT EXISTS (SELECT FROM invitations i WHERE i.tenant_id = t.tenant_id)`,
    [tenantIDs],
  );
  for (const { tenant_id: tenantID, contact_email: written } of rows) {
    const email = emailAddressSchema.safeParse(written);
    if (email.success) await invite(client, jobs, tenantID, email.data);
  }
}

async function invite(
  client: PoolClient,
  jobs: Pick<JobQueue, 'send'>,
  tenantID: string,
  email: string,
): Promise<void> {
  const id = randomUUID();
  // Another replica may see the same tenant at the same moment.
  const { rowCount } = await client.query(
    `INSERT INTO invitations (tenant_id, invitation_id, email, role, expires_at)
     VALUES ($1, $2, $3, 'Owner', now() + interval '7 days')
     ON CONFLICT (tenant_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL DO NOTHING`,
    [tenantID, id, email],
  );
  if (rowCount === 1) await jobs.send(client, SEND_MAIL, { mail: 'Invitation', id });
}
