import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { ANYBODY } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { refreshTokenSchema, tokenSchema } from './account-schemas.ts';
import { type SessionDeps, type SessionTokens, sessionEnd } from './open-session.ts';
import { hashOfSecret, newSecret } from './secret.ts';

export interface RefreshDeps extends SessionDeps {
  readonly database: Database;
}

/** `POST /api/auth/refresh`: the next access token and the next refresh token of a session. */
export function refreshRoute(deps: RefreshDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/refresh',
    operationID: 'refreshSession',
    summary: 'Exchange a refresh token for a new access token and the next refresh token.',
    access: ANYBODY,
    body: z.strictObject({ refreshToken: refreshTokenSchema }),
    replies: {
      200: {
        description: 'The next tokens. The refresh token that was sent is used up.',
        schema: z.strictObject({ token: tokenSchema, refreshToken: refreshTokenSchema }),
      },
    },
    problems: ['wrong_refresh_token'],
    handle: async ({ body }) => ({ status: 200, body: await refresh(deps, body.refreshToken) }) as const,
  });
}

interface RefreshRow {
  readonly outcome: 'Refreshed' | 'Reused';
  readonly session_id: string;
  readonly user_id: string;
  readonly tenant_id: string | null;
}

async function refresh({ database, tokens, clock }: RefreshDeps, used: string): Promise<SessionTokens> {
  const refreshToken = newSecret('refreshToken');
  const [row] = await database.query<RefreshRow>('SELECT * FROM auth_refresh_session($1, $2, $3)', [
    hashOfSecret(used),
    hashOfSecret(refreshToken),
    sessionEnd(clock),
  ]);
  // Committed by now: a token that was used before has ended its session.
  if (row?.outcome !== 'Refreshed') throw new ApiError('wrong_refresh_token');
  const token = tokens.sign({ userID: row.user_id, tenantID: row.tenant_id, sessionID: row.session_id });
  return { token, refreshToken };
}
