import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { ANYBODY } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { linkTokenSchema } from '../identity/account-schemas.ts';
import { hashOfSecret } from '../identity/secret.ts';

/** `POST /api/notifications/addresses/prove`: whoever reads an address's mail wants to be told of a tenant's calls. */
export function proveAddressRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/notifications/addresses/prove',
    operationID: 'proveNotificationAddress',
    summary: 'Agree to be mailed the notifications of a tenant, with the token of a mailed link.',
    access: ANYBODY,
    isGuarded: true,
    body: z.strictObject({ token: linkTokenSchema }),
    replies: { 204: { description: 'Notifications are mailed to the address from now on.' } },
    problems: ['wrong_link'],
    handle: async ({ body }) => {
      const [row] = await database.query<{ done: boolean }>(
        'SELECT auth_prove_notification_address($1) AS done',
        [hashOfSecret(body.token)],
      );
      if (!row?.done) throw new ApiError('wrong_link');
      return { status: 204 } as const;
    },
  });
}
