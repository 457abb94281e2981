import { z } from 'zod';
import { PERSON } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { ChangePasswordDeps } from './change-password.ts';
import { passwordSchema } from './password.ts';

/** `POST /api/auth/account/close`: the account is gone, and what the person did is nobody's by name. */
export function closeAccountRoute({ database, hasher }: ChangePasswordDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/account/close',
    operationID: 'closeAccount',
    summary:
      'Close this account for good. Whoever is the only owner of a tenant hands it over or closes it first.',
    access: PERSON,
    body: z.strictObject({ password: passwordSchema.meta({ examples: ['MyP@ssword123'] }) }),
    replies: { 204: { description: 'There is no such account any more.' } },
    problems: ['wrong_password', 'last_owner', 'busy'],
    handle: async ({ body, principal: { user } }) => {
      const [row] = await database.query<{ password_hash: string }>('SELECT * FROM auth_read_password($1)', [
        user.id,
      ]);
      if (!row || !(await hasher.verify(body.password, row.password_hash)))
        throw new ApiError('wrong_password');
      const [closed] = await database.query<{ alone: readonly string[] | null }>(
        'SELECT auth_close_account($1, $2) AS alone',
        [user.id, row.password_hash],
      );
      if (!closed?.alone) throw new ApiError('wrong_password');
      if (closed.alone.length > 0) {
        const names = closed.alone.join(', ');
        throw new ApiError('last_owner', `Make another owner of ${names} first, or close it.`);
      }
      return { status: 204 } as const;
    },
  });
}
