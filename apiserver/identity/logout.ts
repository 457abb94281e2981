import type { Database } from '../database/database.ts';
import { PERSON } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';

/** `POST /api/auth/logout`: ends this session and its family; their tokens are worth nothing from then on. */
export function logoutRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/logout',
    operationID: 'logOut',
    summary: 'End this session, with those that it was switched from and to.',
    access: PERSON,
    replies: { 204: { description: 'It has ended.' } },
    handle: async ({ principal }) => {
      const { presence } = principal;
      // A token of an outside issuer is that issuer's to end.
      if (presence.kind === 'Session')
        await database.query('SELECT auth_end_session($1)', [presence.sessionID]);
      return { status: 204 } as const;
    },
  });
}

/** `POST /api/auth/logout-everywhere`: ends every session of the person. */
export function logoutEverywhereRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/logout-everywhere',
    operationID: 'logOutEverywhere',
    summary: 'End every session of this account.',
    access: PERSON,
    replies: { 204: { description: 'All have ended.' } },
    handle: async ({ principal }) => {
      await database.query('SELECT auth_end_sessions($1, NULL)', [principal.user.id]);
      return { status: 204 } as const;
    },
  });
}
