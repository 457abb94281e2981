import { randomUUID } from 'node:crypto';
import type { PoolClient } from '../database/database.ts';
import { emailAddressSchema } from '../identity/email-address.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { SEND_MAIL } from '../jobs/job-queues.ts';

/** A contact who let as many run out does not want the tenant, or does not get the mails. */
const MAX_INVITATIONS = 5;
/** So many at a time: each is a mail. */
const BATCH_TENANTS = 100;

/**
 * Invites the contact of each of these tenants, or of any, that nobody owns, because it was made with kubectl, to own
 * it. Again where an invitation ran out, a few times; never where somebody has revoked one. In the transaction of
 * `client`, of the worker role.
 */
export async function inviteContacts(
  client: PoolClient,
  jobs: Pick<JobQueue, 'send'>,
  tenantIDs: readonly string[] | 'any',
): Promise<void> {
  const { rows } = await client.query<{ tenant_id: string; contact_email: string }>(OWNERLESS, [
    tenantIDs === 'any' ? null : tenantIDs,
  ]);
  for (const { tenant_id: tenantID, contact_email: written } of rows) {
    const email = emailAddressSchema.safeParse(written);
    if (email.success) await invite(client, jobs, tenantID, email.data);
  }
}

/** One that ran out and was replaced is marked as revoked, after its end; one that somebody revoked, before it. */
const OWNERLESS = `
  SELECT tenant_id, contact_email FROM tenants t
   WHERE ($1::uuid[] IS NULL OR tenant_id = ANY($1)) AND source <> 'Signup' AND deleted_at IS NULL
     AND contact_email IS NOT NULL
     AND NOT EXISTS (SELECT FROM memberships m WHERE m.tenant_id = t.tenant_id AND m.role = 'Owner')
     AND NOT EXISTS (
       SELECT FROM invitations i WHERE i.tenant_id = t.tenant_id AND i.role = 'Owner' AND i.accepted_at IS NULL
          AND CASE WHEN i.revoked_at IS NULL THEN i.expires_at > now() ELSE i.revoked_at < i.expires_at END)
     AND (SELECT count(*) FROM invitations i WHERE i.tenant_id = t.tenant_id AND i.role = 'Owner') < ${MAX_INVITATIONS}
   ORDER BY tenant_id LIMIT ${BATCH_TENANTS}`;

async function invite(
  client: PoolClient,
  jobs: Pick<JobQueue, 'send'>,
  tenantID: string,
  email: string,
): Promise<void> {
  const id = randomUUID();
  await client.query(
    `UPDATE invitations SET revoked_at = now()
      WHERE tenant_id = $1 AND email = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at < now()`,
    [tenantID, email],
  );
  // Another replica may see the same tenant at the same moment.
  const { rowCount } = await client.query(
    `INSERT INTO invitations (tenant_id, invitation_id, email, role, expires_at)
     VALUES ($1, $2, $3, 'Owner', now() + interval '7 days')
     ON CONFLICT (tenant_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL DO NOTHING`,
    [tenantID, id, email],
  );
  if (rowCount === 1) await jobs.send(client, SEND_MAIL, { mail: 'Invitation', id });
}
