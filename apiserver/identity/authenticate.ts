import type { Database } from '../database/database.ts';
import { ApiError } from '../http/api-error.ts';
import type { AccessTokens } from './access-token.ts';

/** Who makes a request: a person, and the tenant that the session is for. */
export interface Principal {
  readonly sessionID: string;
  readonly user: { readonly id: string; readonly email: string; readonly name: string };
  readonly tenant:
    | {
        readonly id: string;
        readonly name: string | null;
        readonly displayName: string | null;
        readonly plan: string | null;
        readonly role: 'Owner' | 'Admin' | 'Viewer';
      }
    | undefined;
}

interface SessionRow {
  readonly user_id: string;
  readonly email: string;
  readonly user_name: string;
  readonly tenant_id: string | null;
  readonly tenant_name: string | null;
  readonly tenant_display_name: string | null;
  readonly tenant_plan: string | null;
  readonly role: 'Owner' | 'Admin' | 'Viewer';
}

/**
 * Reads the bearer token and asks the database whether its session and membership still hold.
 * Throws ApiError `not_authenticated`.
 */
export async function authenticate(
  { database, tokens }: { readonly database: Database; readonly tokens: AccessTokens },
  authorization: string | undefined,
): Promise<Principal> {
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
  const claims = token === undefined ? undefined : tokens.verify(token);
  if (!claims) throw new ApiError('not_authenticated');
  const [row] = await database.query<SessionRow>('SELECT * FROM auth_read_session($1)', [claims.sessionID]);
  if (!row || row.user_id !== claims.userID || row.tenant_id !== claims.tenantID) {
    throw new ApiError('not_authenticated');
  }
  return {
    sessionID: claims.sessionID,
    user: { id: row.user_id, email: row.email, name: row.user_name },
    tenant:
      row.tenant_id === null
        ? undefined
        : {
            id: row.tenant_id,
            name: row.tenant_name,
            displayName: row.tenant_display_name,
            plan: row.tenant_plan,
            role: row.role,
          },
  };
}
