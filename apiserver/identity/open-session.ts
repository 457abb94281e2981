import { randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import type { PoolClient } from '../database/database.ts';
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts';

/** Opens a session in the transaction of `client` and makes its access token. */
export async function openSession(
  { tokens, clock }: { readonly tokens: AccessTokens; readonly clock: Clock },
  client: PoolClient,
  who: { readonly userID: string; readonly tenantID: string | null },
): Promise<string> {
  const sessionID = randomUUID();
  const endsAt = new Date(clock.now() + ACCESS_TOKEN_SECONDS * 1_000);
  await client.query('SELECT auth_open_session($1, $2, $3, $4)', [
    sessionID,
    who.userID,
    who.tenantID,
    endsAt,
  ]);
  return tokens.sign({ ...who, sessionID });
}
