import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { brokenConstraintOf } from '../database/database-error.ts';
import { ANYBODY } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import type { Once } from '../http/once.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { PROVISION_TENANT, SEND_MAIL } from '../jobs/job-queues.ts';
import { newTenantName } from '../tenants/tenant-name.ts';
import type { AccessTokens } from './access-token.ts';
import { displayTextSchema, sessionSchema } from './account-schemas.ts';
import { emailAddressSchema } from './email-address.ts';
import { openSession } from './open-session.ts';
import { newPasswordSchema } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { SignupGate } from './signup-gate.ts';

export interface SignupDeps {
  readonly saasMode: boolean;
  readonly database: Database;
  readonly jobs: Pick<JobQueue, 'send' | 'wake'>;
  readonly hasher: PasswordHasher;
  readonly signupGate: SignupGate;
  readonly tokens: AccessTokens;
  readonly clock: Clock;
}

const signupSchema = z.strictObject({
  email: emailAddressSchema,
  password: newPasswordSchema,
  name: displayTextSchema.meta({ examples: ['Jane Smith'] }),
  companyName: displayTextSchema.meta({ examples: ['Acme Corp'] }),
});

/** `POST /api/auth/signup`: a person, a tenant of theirs and the job that makes its resource, or nothing. */
export function signupRoute(deps: SignupDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/signup',
    operationID: 'signUp',
    summary: 'Create an account with a company of its own (SaaS mode only).',
    access: ANYBODY,
    isGuarded: true,
    mailsAddress: true,
    body: signupSchema,
    replies: {
      201: {
        description: 'The account, its tenant and tokens for immediate use.',
        schema: sessionSchema,
      },
    },
    problems: ['signup_closed', 'signup_limit_reached', 'email_taken', 'wrong_credentials', 'busy'],
    handle: async ({ body, network, once }) => {
      if (!deps.saasMode) {
        throw new ApiError(
          'signup_closed',
          'Tenants of this installation come from manifests; ask its administrator.',
        );
      }
      await deps.signupGate.enter(network, body.email);
      // Hashed before the address is looked at, so that a taken one takes as long.
      const passwordHash = await deps.hasher.hash(body.password);
      return signUp(deps, once, { ...body, passwordHash });
    },
  });
}

async function signUp(
  deps: SignupDeps,
  once: Once,
  request: z.output<typeof signupSchema> & { readonly passwordHash: string },
) {
  const account = newAccount(request);
  const { user, tenant } = account;
  let isTaken = false;
  try {
    const created = await once({
      transaction: (work) => deps.database.withTenant(tenant.id, work),
      tenantID: tenant.id,
      create: async (client) => {
        isTaken = await hasAccount(client, user.email);
        // For an address that is taken the same is done for one that nobody can have, and taken back in
        // the end: so it takes as long.
        const email = isTaken ? `${user.id}@taken.invalid` : user.email;
        await make(deps, client, { tenant, user: { ...user, email } }, request.passwordHash);
        return { status: 201, location: '/api/auth/me', body: { user, tenant } } as const;
      },
      addSecrets: async (client, body) => {
        const who = { userID: body.user.id, tenantID: body.tenant.id };
        const session = await openSession(deps, client, { ...who, proof: { kind: 'Creation' } });
        if (isTaken) throw new ApiError('email_taken');
        return { ...body, ...session };
      },
    });
    deps.jobs.wake(PROVISION_TENANT);
    deps.jobs.wake(SEND_MAIL);
    return created;
  } catch (error) {
    // Taken between the look and the insertion.
    if (brokenConstraintOf(error) === 'users_email_key') throw new ApiError('email_taken');
    throw error;
  }
}

type Account = ReturnType<typeof newAccount>;

function newAccount({ email, name, companyName }: z.output<typeof signupSchema>) {
  return {
    user: { id: randomUUID(), email, name },
    tenant: {
      id: randomUUID(),
      name: newTenantName(companyName),
      displayName: companyName,
      plan: 'Free',
      role: 'Owner',
    },
  } as const;
}

async function hasAccount(client: PoolClient, email: string): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM auth_find_user($1)', [email]);
  return rows.length > 0;
}

/** The rows and the jobs of a sign-up, counted as one that was made. */
async function make(
  { jobs, signupGate }: SignupDeps,
  client: PoolClient,
  account: Account,
  passwordHash: string,
): Promise<void> {
  await insertAccount(client, account, passwordHash);
  await jobs.send(client, PROVISION_TENANT, { tenantID: account.tenant.id });
  await jobs.send(client, SEND_MAIL, { mail: 'VerifyEmail', id: account.user.id });
  await signupGate.countMade(client);
}

async function insertAccount(
  client: PoolClient,
  { user, tenant }: Account,
  passwordHash: string,
): Promise<void> {
  await client.query('INSERT INTO users (user_id, email, name, password_hash) VALUES ($1, $2, $3, $4)', [
    user.id,
    user.email,
    user.name,
    passwordHash,
  ]);
  await client.query(
    `INSERT INTO tenants (tenant_id, name, display_name, contact_name, contact_email, plan, source)
     VALUES ($1, $2, $3, $4, $5, $6, 'Signup')`,
    [tenant.id, tenant.name, tenant.displayName, user.name, user.email, tenant.plan],
  );
  await client.query('INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, $3)', [
    tenant.id,
    user.id,
    tenant.role,
  ]);
}
