import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database, PoolClient } from '../database/database.ts';
import { brokenConstraintOf } from '../database/database-error.ts';
import { ANYBODY, PERSON } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { displayTextSchema, linkTokenSchema, sessionSchema } from './account-schemas.ts';
import { openSession, type SessionDeps } from './open-session.ts';
import { newPasswordSchema } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { TenantRole } from './permissions.ts';
import { hashOfSecret } from './secret.ts';
import { membershipOf, type TenantRow } from './tenant-row.ts';

export interface JoinDeps extends SessionDeps {
  readonly database: Database;
  readonly hasher: PasswordHasher;
}

interface InvitedRow extends TenantRow {
  readonly email: string;
  readonly role: TenantRole;
}

type Answer = 'Accepted' | 'OtherAddress' | 'Unverified' | null;

/** `POST /api/auth/invitations/accept`: a signed-in person becomes a member of the tenant that invited them. */
export function acceptInvitationRoute(deps: JoinDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/invitations/accept',
    operationID: 'acceptInvitation',
    summary:
      'Accept an invitation with an account that exists; its e-mail address must be the invited one, and verified.',
    access: PERSON,
    isGuarded: true,
    body: z.strictObject({ token: linkTokenSchema }),
    replies: { 200: { description: 'The account, the tenant, and tokens for it.', schema: sessionSchema } },
    problems: ['wrong_link', 'other_address', 'email_not_verified'],
    handle: async ({ body, principal: { user, presence: proof } }) => {
      const session = await deps.database.transaction(async (client) => {
        const invited = await readInvited(client, body.token);
        await answered(client, 'SELECT auth_accept_invitation($1, $2) AS answer', [
          hashOfSecret(body.token),
          user.id,
        ]);
        const who = { userID: user.id, tenantID: invited.tenant_id };
        const tokens = await openSession(deps, client, { ...who, proof });
        return { tenant: membershipOf(invited), ...tokens };
      });
      return { status: 200, body: { user, ...session } } as const;
    },
  });
}

/** `POST /api/auth/invitations/join`: an account for the invited address, and its membership. */
export function joinRoute(deps: JoinDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/invitations/join',
    operationID: 'joinInvited',
    summary: 'Accept an invitation by making an account for the address that was invited.',
    access: ANYBODY,
    isGuarded: true,
    body: z.strictObject({
      token: linkTokenSchema,
      name: displayTextSchema.meta({ examples: ['Jane Smith'] }),
      password: newPasswordSchema,
    }),
    replies: { 201: { description: 'The account, the tenant, and tokens for it.', schema: sessionSchema } },
    problems: ['wrong_link', 'email_taken', 'wrong_credentials', 'busy'],
    handle: async ({ body, once }) => {
      const passwordHash = await hashFor(deps, body);
      const userID = randomUUID();
      try {
        return await once({
          transaction: (work) => deps.database.transaction(work),
          tenantID: null,
          create: async (client) => {
            if (passwordHash === undefined) throw new ApiError('wrong_link');
            const invited = await readInvited(client, body.token);
            await answered(client, 'SELECT auth_join_invited($1, $2, $3, $4) AS answer', [
              hashOfSecret(body.token),
              userID,
              body.name,
              passwordHash,
            ]);
            const user = { id: userID, email: invited.email, name: body.name };
            return {
              status: 201,
              location: '/api/auth/me',
              body: { user, tenant: membershipOf(invited) },
            } as const;
          },
          addSecrets: async (client, account) => {
            const who = { userID: account.user.id, tenantID: account.tenant.id };
            const session = await openSession(deps, client, { ...who, proof: { kind: 'Creation' } });
            return { ...account, ...session };
          },
        });
      } catch (error) {
        if (brokenConstraintOf(error) === 'users_email_key') {
          throw new ApiError(
            'email_taken',
            'Log in with the account of this address and accept the invitation.',
          );
        }
        throw error;
      }
    },
  });
}

/**
 * Undefined for a link that is not good, whether it never was or is used up: a hash would cost an attacker
 * nothing, and us a fifth of a second. Who sends a request again that was answered needs none.
 */
async function hashFor(
  { database, hasher }: JoinDeps,
  { token, password }: { readonly token: string; readonly password: string },
): Promise<string | undefined> {
  const [invitation] = await database.query('SELECT FROM auth_read_invitation($1)', [hashOfSecret(token)]);
  return invitation === undefined ? undefined : hasher.hash(password);
}

async function readInvited(client: PoolClient, token: string): Promise<InvitedRow> {
  const { rows } = await client.query<InvitedRow>('SELECT * FROM auth_read_invitation($1)', [
    hashOfSecret(token),
  ]);
  if (!rows[0]) throw new ApiError('wrong_link');
  return rows[0];
}

async function answered(client: PoolClient, statement: string, values: readonly unknown[]): Promise<void> {
  const { rows } = await client.query<{ answer: Answer }>(statement, [...values]);
  const answer = rows[0]?.answer ?? null;
  if (answer === null) throw new ApiError('wrong_link');
  if (answer === 'OtherAddress') throw new ApiError('other_address');
  if (answer === 'Unverified') throw new ApiError('email_not_verified');
}
