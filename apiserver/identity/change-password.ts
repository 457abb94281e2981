import { z } from 'zod';
import { PERSON } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { newPasswordSchema, passwordSchema } from './password.ts';
import type { Person } from './principal.ts';
import { type ProvePasswordDeps, provePassword } from './prove-password.ts';

/** `POST /api/auth/password`: another password, which ends every other session of the person. */
export function changePasswordRoute(deps: ProvePasswordDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/password',
    operationID: 'changePassword',
    summary: 'Change the password, and end every other session of this account.',
    access: PERSON,
    isGuarded: true,
    body: z.strictObject({ currentPassword: passwordSchema, newPassword: newPasswordSchema }),
    replies: { 204: { description: 'The new password holds.' } },
    problems: ['wrong_password', 'busy'],
    handle: async ({ body, principal }) => {
      await changePassword(deps, principal, body);
      return { status: 204 } as const;
    },
  });
}

async function changePassword(
  deps: ProvePasswordDeps,
  { user, presence }: Person,
  { currentPassword, newPassword }: { readonly currentPassword: string; readonly newPassword: string },
): Promise<void> {
  const provenHash = await provePassword(deps, user.id, currentPassword);
  const newHash = await deps.hasher.hash(newPassword);
  await deps.database.transaction(async (client) => {
    const { rows } = await client.query<{ changed: boolean }>(
      'SELECT auth_change_password($1, $2, $3) AS changed',
      [user.id, provenHash, newHash],
    );
    if (!rows[0]?.changed) throw new ApiError('wrong_password');
    const sessionID = presence.kind === 'Session' ? presence.sessionID : null;
    await client.query('SELECT auth_end_sessions($1, $2)', [user.id, sessionID]);
  });
}
