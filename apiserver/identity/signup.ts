import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import type { Database } from '../database/database.ts';
import { brokenConstraintOf } from '../database/database-error.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { PROVISION_TENANT } from '../jobs/job-queues.ts';
import { newTenantName } from '../tenants/tenant-name.ts';
import type { AccessTokens } from './access-token.ts';
import { displayTextSchema, tenantSchema, tokenSchema, userSchema } from './account-schemas.ts';
import { emailAddressSchema } from './email-address.ts';
import { openSession } from './open-session.ts';
import { newPasswordSchema } from './password.ts';
import type { PasswordHasher } from './password-hasher.ts';

export interface SignupDeps {
  readonly saasMode: boolean;
  readonly database: Database;
  readonly jobs: Pick<JobQueue, 'send' | 'wake'>;
  readonly hasher: PasswordHasher;
  readonly tokens: AccessTokens;
  readonly clock: Clock;
}

const signupSchema = z.strictObject({
  email: emailAddressSchema.meta({ examples: ['user@example.com'] }),
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
    audience: 'Anybody',
    body: signupSchema,
    replies: {
      201: {
        description: 'The account, its tenant and a token for immediate use.',
        schema: z.strictObject({ user: userSchema, tenant: tenantSchema, token: tokenSchema }),
      },
    },
    problems: ['signup_closed', 'email_taken', 'busy'],
    handle: async ({ body }) => {
      if (!deps.saasMode) {
        throw new ApiError(
          'signup_closed',
          'Tenants of this installation come from manifests; ask its administrator.',
        );
      }
      // Hashed before the address is looked at, so that a taken one takes as long.
      const passwordHash = await deps.hasher.hash(body.password);
      return { status: 201, body: await signUp(deps, body, passwordHash) } as const;
    },
  });
}

async function signUp(deps: SignupDeps, request: z.output<typeof signupSchema>, passwordHash: string) {
  const user = { id: randomUUID(), email: request.email, name: request.name };
  const tenant = {
    id: randomUUID(),
    name: newTenantName(request.companyName),
    displayName: request.companyName,
    plan: 'Free',
    role: 'Owner',
  } as const;
  try {
    const token = await deps.database.withTenant(tenant.id, async (client) => {
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
      await deps.jobs.send(client, PROVISION_TENANT, { tenantID: tenant.id });
      return openSession(deps, client, { userID: user.id, tenantID: tenant.id });
    });
    deps.jobs.wake(PROVISION_TENANT);
    return { user, tenant, token };
  } catch (error) {
    if (brokenConstraintOf(error) === 'users_email_key') throw new ApiError('email_taken');
    throw error;
  }
}
