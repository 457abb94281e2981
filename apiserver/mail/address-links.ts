import { ADVISORY_LOCKS } from '../database/advisory-locks.ts';
import type { Database } from '../database/database.ts';

/** To whom a link is mailed, and which company is named there. */
export interface MintedLink {
  readonly email: string;
  readonly company: string | null;
}

/**
 * Mints the link by which an address agrees to be told of calls, as `mintLink` does others, with the hash of its token in
 * the address's own row. One after the other: how often one may be asked depends on the others.
 */
export function mintAddressLink(database: Database, values: readonly unknown[]): Promise<MintedLink[]> {
  return database.transaction(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.addressProof]);
    const { rows } = await client.query<MintedLink>(ADDRESS_LINK, [...values]);
    return rows;
  });
}

/** Of a link that nobody was sent. */
export async function forgetAddressLink(database: Database, hash: Buffer): Promise<void> {
  await database.query(FORGET_ASKED, [hash]);
}

/**
 * Of an address `a`: nobody who reads its mail has said yet that they want to be told. Of a member who has verified it
 * nothing is asked.
 */
export const ADDRESS_IS_UNPROVEN = `(a.proven_at IS NULL AND NOT EXISTS (
  SELECT FROM users u JOIN memberships m USING (user_id)
   WHERE m.tenant_id = a.tenant_id AND u.email = lower(a.address) AND u.email_verified_at IS NOT NULL))`;

/** Whoever does not answer is asked anew when the link is long over, and three times in all. */
export const ADDRESS_NEEDS_LINK = `${ADDRESS_IS_UNPROVEN} AND a.asks < 3
  AND COALESCE(a.asked_at, '-infinity') < now() - interval '30 days'`;

/** In a day: of one tenant, which may name others all the time, and of one address, which many tenants may name. */
const MAX_ASKED_BY_TENANT = 20;
const MAX_ASKED_OF_ADDRESS = 3;

const ADDRESS_LINK = `
  UPDATE notification_addresses a
     SET link_hash = $3::bytea, link_expires_at = now() + $4::interval, asks = asks + 1, asked_at = now()
    FROM tenants t
   WHERE a.address_id = $1 AND $2 = 'NotificationAddress' AND t.tenant_id = a.tenant_id AND t.deleted_at IS NULL
     AND ${ADDRESS_NEEDS_LINK}
     AND (SELECT count(*) FROM notification_addresses o
           WHERE o.tenant_id = a.tenant_id AND o.asked_at > now() - interval '1 day') < ${MAX_ASKED_BY_TENANT}
     AND (SELECT count(*) FROM notification_addresses o
           WHERE lower(o.address) = lower(a.address) AND o.asked_at > now() - interval '1 day') < ${MAX_ASKED_OF_ADDRESS}
  RETURNING a.address AS email, COALESCE(t.display_name, t.name) AS company`;

const FORGET_ASKED = `
  UPDATE notification_addresses SET link_hash = NULL, asks = asks - 1, asked_at = NULL WHERE link_hash = $1`;
