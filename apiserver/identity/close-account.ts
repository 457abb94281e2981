import { z } from 'zod';
import { PERSON } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { passwordSchema } from './password.ts';
import { type ProvePasswordDeps, provePassword } from './prove-password.ts';

/** `POST /api/auth/account/close`: the account is gone, and what the person did is nobody's by name. */
export function closeAccountRoute(deps: ProvePasswordDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/account/close',
    operationID: 'closeAccount',
    summary:
      'Close this account for good. Whoever is the only owner of a tenant hands it over or closes it first.',
    access: PERSON,
    isGuarded: true,
    body: z.strictObject({ password: passwordSchema.meta({ examples: ['MyP@ssword123'] }) }),
    replies: { 204: { description: 'There is no such account any more.' } },
    problems: ['wrong_password', 'last_owner', 'busy'],
    handle: async ({ body, principal: { user } }) => {
      const provenHash = await provePassword(deps, user.id, body.password);
      const [closed] = await deps.database.query<{ alone: readonly string[] | null }>(
        'SELECT auth_close_account($1, $2) AS alone',
        [user.id, provenHash],
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
