import { z } from 'zod';
import type { Database, PreparedStatement } from '../database/database.ts';
import { ApiError } from '../http/api-error.ts';
import type { AccessTokens } from './access-token.ts';
import type { OutsideTokens } from './outside-tokens.ts';
import type { TenantRole } from './permissions.ts';
import type { Machine, Person, Presence, Principal } from './principal.ts';
import { hashOfSecret, SECRET_PREFIX } from './secret.ts';
import { type TenantRow, tenantOf } from './tenant-row.ts';

export interface AuthenticateDeps {
  readonly database: Database;
  readonly tokens: AccessTokens;
  readonly outside: OutsideTokens;
}

/** What a request says of who makes it. */
export interface Credentials {
  readonly authorization: string | undefined;
  /** The tenant that staff want to be in (`X-Veralux-Tenant`). */
  readonly tenantID?: string | undefined;
  /** Why (`X-Veralux-Reason`). */
  readonly reason?: string | undefined;
}

/** What staff do in a tenant, for the record. */
export interface Purpose {
  readonly operation: string;
  readonly needsReason: boolean;
}

type PersonRow = { readonly user_id: string; readonly email: string; readonly user_name: string } & {
  readonly is_staff: boolean;
} & ((TenantRow & { readonly role: TenantRole }) | { readonly tenant_id: null; readonly role: null });

interface KeyRow extends TenantRow {
  readonly key_id: string;
  readonly key_name: string;
  readonly scopes: readonly string[];
}

/**
 * Who makes a request: asks the database whether session and membership, the key, or the link to an outside identity still hold.
 * Staff who name a tenant are let in on the record. Throws ApiError `not_authenticated`, for a tenant
 * that is not theirs `not_found`, and `reason_required`.
 */
export async function authenticate(
  deps: AuthenticateDeps,
  credentials: Credentials,
  purpose: Purpose,
): Promise<Principal> {
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(credentials.authorization ?? '')?.[1];
  if (token === undefined) throw new ApiError('not_authenticated');
  const principal = await read(deps, token);
  const { tenantID } = credentials;
  if (tenantID === undefined || tenantID === principal.tenant?.id) return principal;
  // One answer for a tenant that is not theirs and for one that is not there.
  if (principal.kind !== 'Person' || !principal.isStaff) throw noSuchTenant();
  return enterTenant(deps, principal, { ...credentials, tenantID }, purpose);
}

/** Each kind of token has a verifier of its own, and no token is shown to two. */
function read(deps: AuthenticateDeps, token: string): Promise<Principal> {
  if (token.startsWith(SECRET_PREFIX.apiKey)) return readKey(deps, token);
  const issuer = deps.outside.issuerOf(token);
  return issuer === undefined ? readSession(deps, token) : readOutside(deps, issuer, token);
}

async function readKey({ database }: AuthenticateDeps, key: string): Promise<Machine> {
  const [row] = await database.query<KeyRow>('SELECT * FROM auth_read_key($1)', [hashOfSecret(key)]);
  if (!row) throw new ApiError('not_authenticated');
  return {
    kind: 'ApiKey',
    keyID: row.key_id,
    name: row.key_name,
    scopes: row.scopes,
    tenant: tenantOf(row),
  };
}

const READ_SESSION: PreparedStatement = {
  name: 'auth_read_session',
  text: `SELECT user_id, email, user_name, is_staff, tenant_id, tenant_name, tenant_display_name, tenant_plan, role
           FROM auth_read_session($1)`,
};

/** Whose access token this is, if its session and membership still hold. Throws ApiError `not_authenticated`. */
export async function readSession(
  { database, tokens }: Pick<AuthenticateDeps, 'database' | 'tokens'>,
  token: string,
): Promise<Person> {
  const claims = tokens.verify(token);
  if (!claims) throw new ApiError('not_authenticated');
  const [row] = await database.query<PersonRow>(READ_SESSION, [claims.sessionID]);
  if (!row || row.user_id !== claims.userID || row.tenant_id !== claims.tenantID) {
    throw new ApiError('not_authenticated');
  }
  return personOf(row, { kind: 'Session', sessionID: claims.sessionID });
}

/** Whose token of an outside issuer this is, in the first tenant that the person belongs to. */
async function readOutside(
  { database, outside }: AuthenticateDeps,
  issuer: string,
  token: string,
): Promise<Person> {
  const identity = await outside.verify(issuer, token);
  if (!identity) throw new ApiError('not_authenticated');
  const [row] = await database.query<PersonRow>('SELECT * FROM auth_read_identity($1, $2)', [
    identity.issuer,
    identity.subject,
  ]);
  if (!row) throw new ApiError('not_authenticated', 'This identity is linked to no account.');
  return personOf(row, { kind: 'Identity', ...identity });
}

function personOf(row: PersonRow, presence: Presence): Person {
  return {
    kind: 'Person',
    presence,
    user: { id: row.user_id, email: row.email, name: row.user_name },
    isStaff: row.is_staff,
    tenant: row.tenant_id === null ? undefined : { ...tenantOf(row), role: row.role },
    entered: false,
  };
}

async function enterTenant(
  { database }: AuthenticateDeps,
  person: Person,
  { tenantID, reason }: { readonly tenantID: string; readonly reason?: string | undefined },
  { operation, needsReason }: Purpose,
): Promise<Person> {
  if (needsReason && (reason ?? '').trim() === '') throw new ApiError('reason_required');
  if (!z.uuid().safeParse(tenantID).success) throw noSuchTenant();
  const [row] = await database.query<TenantRow>('SELECT * FROM auth_enter_tenant($1, $2, $3, $4)', [
    person.user.id,
    tenantID,
    operation,
    reason?.slice(0, 500) ?? null,
  ]);
  if (!row) throw noSuchTenant();
  return { ...person, tenant: { ...tenantOf(row), role: 'Admin' }, entered: true };
}

function noSuchTenant(): ApiError {
  return new ApiError('not_found', 'There is no tenant with this id.');
}
