import { z } from 'zod';
import { PERSON } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { tenantSchema, userSchema } from './account-schemas.ts';

/** `GET /api/auth/me`: whose token this is. */
export function meRoute(): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/auth/me',
    operationID: 'readMe',
    summary: 'Say whose token this is and which tenant it is for.',
    access: PERSON,
    replies: {
      200: {
        description: 'The account, and its tenant if it has one.',
        schema: z.strictObject({ user: userSchema, tenant: tenantSchema.nullable() }),
      },
    },
    handle: async ({ principal }) =>
      ({ status: 200, body: { user: principal.user, tenant: principal.tenant ?? null } }) as const,
  });
}
