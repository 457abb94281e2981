import { randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import type { PoolClient } from '../database/database.ts';
import { brokenConstraintOf } from '../database/database-error.ts';
import { ApiError } from '../http/api-error.ts';
import type { AccessTokens } from './access-token.ts';
import { hashOfSecret, newSecret } from './secret.ts';

/** A session that is not refreshed for this long has ended. */
const SESSION_DAYS = 30;

/** Of a session to the membership that it is for. */
const MEMBERSHIP_KEY = 'sessions_tenant_id_user_id_fkey';

/** What a person gets for signing in. */
export interface SessionTokens {
  readonly token: string;
  readonly refreshToken: string;
}

export interface SessionDeps {
  readonly tokens: AccessTokens;
  readonly clock: Clock;
}

/** Opens a session in the transaction of `client` and makes its tokens. Throws ApiError `not_found` without a membership. */
export async function openSession(
  { tokens, clock }: SessionDeps,
  client: PoolClient,
  who: { readonly userID: string; readonly tenantID: string | null },
): Promise<SessionTokens> {
  const sessionID = randomUUID();
  const refreshToken = newSecret('refreshToken');
  try {
    await client.query('SELECT auth_begin_session($1, $2, $3, $4, $5)', [
      sessionID,
      who.userID,
      who.tenantID,
      sessionEnd(clock),
      hashOfSecret(refreshToken),
    ]);
  } catch (error) {
    // Removed from the tenant a moment ago.
    if (brokenConstraintOf(error) === MEMBERSHIP_KEY)
      throw new ApiError('not_found', undefined, { cause: error });
    throw error;
  }
  return { token: tokens.sign({ ...who, sessionID }), refreshToken };
}

/** When a session ends that is opened or refreshed now. */
export function sessionEnd(clock: Clock): Date {
  return new Date(clock.now() + SESSION_DAYS * 24 * 60 * 60 * 1_000);
}
