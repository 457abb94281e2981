import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import type { Database } from '../database/database.ts';
import { ANYBODY } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { AccessTokens } from './access-token.ts';
import { sessionSchema } from './account-schemas.ts';
import { readSession } from './authenticate.ts';
import { emailAddressSchema } from './email-address.ts';
import { openSession, type SessionTokens } from './open-session.ts';
import { passwordSchema } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';

export interface LoginDeps {
  readonly database: Database;
  readonly hasher: PasswordHasher;
  readonly tokens: AccessTokens;
  readonly clock: Clock;
}

/** `POST /api/auth/login`: a new session in the first tenant that the person belongs to. */
export function loginRoute(deps: LoginDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/login',
    operationID: 'logIn',
    summary: 'Exchange e-mail address and password for tokens.',
    access: ANYBODY,
    isGuarded: true,
    body: z.strictObject({
      email: emailAddressSchema,
      password: passwordSchema,
    }),
    replies: {
      200: {
        description: 'The account, its tenant if it has one, and tokens.',
        schema: sessionSchema.extend({ tenant: sessionSchema.shape.tenant.nullable() }),
      },
    },
    problems: ['wrong_credentials', 'busy'],
    handle: async ({ body }) => {
      const session = await logIn(deps, body.email, body.password);
      const { user, tenant } = await readSession(deps, session.token);
      return { status: 200, body: { user, tenant: tenant ?? null, ...session } } as const;
    },
  });
}

async function logIn(deps: LoginDeps, email: string, password: string): Promise<SessionTokens> {
  const [user] = await deps.database.query<{ user_id: string; password_hash: string }>(
    'SELECT user_id, password_hash FROM auth_find_user($1)',
    [email],
  );
  if (!(await deps.hasher.verify(password, user?.password_hash)) || !user)
    throw new ApiError('wrong_credentials');
  return deps.database.transaction(async (client) => {
    const { rows } = await client.query<{ tenant_id: string }>(
      'SELECT tenant_id FROM auth_first_tenant($1)',
      [user.user_id],
    );
    const tenantID = rows[0]?.tenant_id ?? null;
    // The password may have been changed while this one was held against its hash.
    const proof = { kind: 'Password', hash: user.password_hash } as const;
    return openSession(deps, client, { userID: user.user_id, tenantID, proof });
  });
}
