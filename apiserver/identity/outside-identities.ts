import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database, PoolClient } from '../database/database.ts';
import { brokenConstraintOf } from '../database/database-error.ts';
import { PERSON } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readPersonPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { presenceColumns } from './open-session.ts';
import type { OutsideIdentity, OutsideTokens } from './outside-tokens.ts';
import type { Presence } from './principal.ts';

export interface IdentityDeps {
  readonly database: Database;
  readonly outside: OutsideTokens;
}

const identitySchema = z.strictObject({
  id: z.uuid(),
  issuer: z.string(),
  subject: z.string().describe('Who the person is at the issuer.'),
  linkedAt: z.iso.datetime(),
});

interface NewIdentity {
  readonly id: string;
  readonly userID: string;
  readonly who: OutsideIdentity;
  /** What the person is there by. */
  readonly presence: Presence;
}

interface IdentityRow {
  readonly identity_id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly linked_at: Date;
}

/** `POST /api/auth/identities`: from then on the issuer's tokens for this subject are the person's. */
export function linkIdentityRoute({ database, outside }: IdentityDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/identities',
    operationID: 'linkIdentity',
    summary: 'Link an identity at an outside issuer to this account, with a token of that issuer.',
    access: PERSON,
    isGuarded: true,
    body: z.strictObject({ token: z.string().min(1).max(16_000) }),
    replies: { 201: { description: 'The identity.', schema: identitySchema } },
    problems: ['wrong_outside_token', 'identity_taken', 'issuer_unavailable'],
    handle: async ({ body, principal: { user, presence }, once }) => {
      const issuer = outside.issuerOf(body.token);
      const who = issuer === undefined ? undefined : await outside.verify(issuer, body.token);
      if (!who) throw new ApiError('wrong_outside_token');
      const id = randomUUID();
      try {
        return await once({
          transaction: (work) => database.transaction(work),
          tenantID: null,
          create: async (client) => {
            const linkedAt = await link(client, { id, userID: user.id, who, presence });
            // The session has ended since, as by another password.
            if (!linkedAt) throw new ApiError('not_authenticated');
            const location = '/api/auth/identities';
            return { status: 201, location, body: { id, ...who, linkedAt: linkedAt.toISOString() } } as const;
          },
        });
      } catch (error) {
        if (brokenConstraintOf(error) === 'identities_subject_key') throw new ApiError('identity_taken');
        throw error;
      }
    },
  });
}

/** Undefined: what the person was there by does not hold any more. */
async function link(
  client: PoolClient,
  { id, userID, who, presence }: NewIdentity,
): Promise<Date | undefined> {
  const { rows } = await client.query<{ linked_at: Date | null }>(
    'SELECT auth_link_identity_by($1, $2, $3, $4, $5, $6, $7) AS linked_at',
    [id, userID, who.issuer, who.subject, ...presenceColumns(presence)],
  );
  return rows[0]?.linked_at ?? undefined;
}

const IDENTITIES: PagedList<IdentityRow, ReturnType<typeof identityOf>> = {
  select: 'SELECT * FROM auth_list_identities($1) WHERE true',
  order: { at: 'linked_at', id: 'identity_id' },
  positionOf: (row) => ({ at: row.linked_at, id: row.identity_id }),
  itemOf: identityOf,
};

/** `GET /api/auth/identities`. */
export function listIdentitiesRoute({ database }: IdentityDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/auth/identities',
    operationID: 'listIdentities',
    summary: 'List the outside identities that are linked to this account, the latest first.',
    access: PERSON,
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of identities.', schema: pageSchema(identitySchema) } },
    handle: ({ query, principal }) =>
      readPersonPage(database, { userID: principal.user.id, query, list: IDENTITIES }),
  });
}

/** `DELETE /api/auth/identities/{identityID}`: the issuer's tokens are worth nothing from then on. */
export function unlinkIdentityRoute({ database }: IdentityDeps): Route {
  return defineRoute({
    method: 'DELETE',
    path: '/api/auth/identities/{identityID}',
    operationID: 'unlinkIdentity',
    summary: 'Unlink an outside identity from this account.',
    access: PERSON,
    params: z.strictObject({ identityID: z.uuid() }),
    replies: { 204: { description: 'It is linked no more.' } },
    problems: ['not_found'],
    handle: async ({ params, principal }) => {
      const [row] = await database.query<{ gone: boolean }>('SELECT auth_unlink_identity($1, $2) AS gone', [
        params.identityID,
        principal.user.id,
      ]);
      if (!row?.gone) throw new ApiError('not_found', 'This account has no identity with this id.');
      return { status: 204 } as const;
    },
  });
}

function identityOf(row: IdentityRow): z.input<typeof identitySchema> {
  return {
    id: row.identity_id,
    issuer: row.issuer,
    subject: row.subject,
    linkedAt: row.linked_at.toISOString(),
  };
}
