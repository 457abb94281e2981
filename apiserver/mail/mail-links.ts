import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { hashOfSecret, newSecret } from '../identity/secret.ts';
import { forgetAddressLink, type MintedLink, mintAddressLink } from './address-links.ts';

/** What a mailed link is for; `id` is a person's, an invitation's, or of an address that notifications go to. */
export const linkRequestSchema = z.strictObject({
  mail: z.enum(['VerifyEmail', 'ResetPassword', 'Invitation', 'NotificationAddress']),
  id: z.uuid(),
});

export type LinkRequest = z.output<typeof linkRequestSchema>;

export interface MailedLink {
  readonly purpose: LinkRequest['mail'];
  readonly url: string;
  /** To whom. */
  readonly email: string;
  /** The name of the company that invites, or that is to tell of its calls. */
  readonly company: string | null;
}

export interface MailLinkDeps {
  /** As the worker role. */
  readonly database: Database;
  /** The address of the pages that people use. */
  readonly consoleURL: string;
}

/** Where each link leads, and how long it is good. */
const LINKS = {
  VerifyEmail: { path: 'verify-email', hours: 48 },
  ResetPassword: { path: 'reset-password', hours: 1 },
  Invitation: { path: 'join', hours: 7 * 24 },
  NotificationAddress: { path: 'notify-me', hours: 7 * 24 },
} as const satisfies Record<LinkRequest['mail'], object>;

/** More than these within an hour are not minted, so that nobody's mailbox is filled by somebody else. */
const MAX_PER_HOUR = 5;

/**
 * Mints a link and keeps the hash of its token: the link itself is nowhere but in what is returned.
 * Undefined: nobody is to get one (no such person or open invitation, verified already, too many).
 */
export async function mintLink(deps: MailLinkDeps, request: LinkRequest): Promise<MailedLink | undefined> {
  const { mail: purpose, id } = request;
  const { path, hours } = LINKS[purpose];
  const token = newSecret('link');
  const rows = await mint(deps.database, purpose, [id, purpose, hashOfSecret(token), `${hours} hours`]);
  await deps.database.query(FORGET_OLD);
  const row = rows[0];
  if (!row) return undefined;
  // In the fragment, which no server and no log ever sees.
  const url = `${deps.consoleURL.replace(/\/$/, '')}/${path}#${token}`;
  return { purpose, url, ...row };
}

/** `values`: of whom, for what, the token's hash, and for how long. */
function mint(
  database: Database,
  purpose: LinkRequest['mail'],
  values: readonly unknown[],
): Promise<MintedLink[]> {
  if (purpose === 'NotificationAddress') return mintAddressLink(database, values);
  return database.query(purpose === 'Invitation' ? INVITATION_LINK : PERSON_LINK, values);
}

/** Of a link that nobody was sent. */
export async function forgetLink({ database }: MailLinkDeps, { purpose, url }: MailedLink): Promise<void> {
  const hash = hashOfSecret(new URL(url).hash.slice(1));
  if (purpose === 'NotificationAddress') await forgetAddressLink(database, hash);
  else await database.query('DELETE FROM mail_links WHERE token_hash = $1', [hash]);
}

const PERSON_LINK = `
  WITH person AS (
    SELECT user_id, email FROM users u WHERE user_id = $1
       AND ($2 = 'ResetPassword' OR email_verified_at IS NULL)
       AND (SELECT count(*) FROM mail_links l WHERE l.user_id = u.user_id AND l.purpose = $2
               AND l.created_at > now() - interval '1 hour') < ${MAX_PER_HOUR}),
  minted AS (
    INSERT INTO mail_links (purpose, user_id, token_hash, expires_at)
    SELECT $2::text, user_id, $3::bytea, now() + $4::interval FROM person)
  SELECT email, NULL::text AS company FROM person`;

const INVITATION_LINK = `
  WITH invitation AS (
    SELECT i.tenant_id, i.invitation_id, i.email, i.expires_at, COALESCE(t.display_name, t.name) AS company
      FROM invitations i JOIN tenants t ON t.tenant_id = i.tenant_id
     WHERE i.invitation_id = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
       AND (SELECT count(*) FROM mail_links l
             WHERE l.tenant_id = i.tenant_id AND l.invitation_id = i.invitation_id
               AND l.created_at > now() - interval '1 hour') < ${MAX_PER_HOUR}),
  minted AS (
    INSERT INTO mail_links (purpose, tenant_id, invitation_id, token_hash, expires_at)
    SELECT $2::text, tenant_id, invitation_id, $3::bytea, LEAST(expires_at, now() + $4::interval) FROM invitation)
  SELECT email, company FROM invitation`;

/** More than one call adds, so that they do not pile up. */
const FORGET_OLD = `
  DELETE FROM mail_links WHERE token_hash IN (
    SELECT token_hash FROM mail_links WHERE expires_at < now() - interval '1 day' LIMIT 20)`;
