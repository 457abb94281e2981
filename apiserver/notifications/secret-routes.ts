import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database, PoolClient } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { newWebhookSecret, type SecretBox } from './webhook-secrets.ts';

export interface SecretRouteDeps {
  /** As the app role. */
  readonly database: Database;
  readonly secretBox: SecretBox;
}

const LIST = '/api/admin/notifications/secrets';
const time = z.iso.datetime();

const secretSchema = z.strictObject({
  id: z.uuid(),
  createdAt: time,
  endsAt: time.nullable().describe('Until when webhooks are signed with it, too. Null: it is the latest.'),
});

const newSecretSchema = secretSchema.extend({
  secret: z
    .string()
    .describe('For a library of Standard Webhooks. Shown this once.')
    .meta({ examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] }),
});

const requestSchema = z.strictObject({
  overlapHours: z
    .number()
    .int()
    .min(0)
    .max(168)
    .default(24)
    .describe('For how long webhooks are signed with the one before, too. 0: it ends now, as after a leak.'),
});

interface SecretRow {
  readonly secret_id: string;
  readonly created_at: Date;
  readonly ends_at: Date | null;
}

const COLUMNS = 'secret_id, created_at, ends_at';

/** The secrets that webhooks are signed with: at most two are good at a time. */
export function secretRoutes(deps: SecretRouteDeps): readonly Route[] {
  return [createRoute(deps), listRoute(deps), deleteRoute(deps)];
}

function createRoute({ database, secretBox }: SecretRouteDeps): Route {
  return defineRoute({
    method: 'POST',
    path: LIST,
    operationID: 'createWebhookSecret',
    summary: 'Make the secret that webhooks are signed with from now on. It is shown this once.',
    access: inTenant('Admin'),
    body: requestSchema,
    replies: { 201: { description: 'The secret.', schema: newSecretSchema } },
    handle: ({ body, principal: { tenant }, once }) =>
      once({
        tenantID: tenant.id,
        transaction: (work) => database.withTenant(tenant.id, work),
        create: async (client) => {
          await endOthers(client, tenant.id, body.overlapHours);
          const row = await insertSecret(client, secretBox, tenant.id);
          return { status: 201, location: LIST, body: secretOf(row) } as const;
        },
        addSecrets: async (client, made) => ({
          ...made,
          secret: await mint(client, secretBox, { tenantID: tenant.id, secretID: made.id }),
        }),
      }),
  });
}

function listRoute({ database }: SecretRouteDeps): Route {
  return defineRoute({
    method: 'GET',
    path: LIST,
    operationID: 'listWebhookSecrets',
    summary: 'List the secrets that webhooks are signed with now, the latest first.',
    access: inTenant('Admin'),
    replies: {
      200: {
        description: 'The secrets by their ids: two at most.',
        schema: z.strictObject({ items: z.array(secretSchema) }),
      },
    },
    handle: async ({ principal: { tenant } }) => {
      const { rows } = await database.withTenant(tenant.id, (client) =>
        client.query<SecretRow>(
          `SELECT ${COLUMNS} FROM webhook_secrets WHERE tenant_id = $1 AND (ends_at IS NULL OR ends_at > now())
            ORDER BY created_at DESC`,
          [tenant.id],
        ),
      );
      return { status: 200, body: { items: rows.map(secretOf) } } as const;
    },
  });
}

function deleteRoute({ database }: SecretRouteDeps): Route {
  return defineRoute({
    method: 'DELETE',
    path: `${LIST}/{secretID}`,
    operationID: 'deleteWebhookSecret',
    summary:
      'End a secret now. If it was the latest, webhooks are signed with one that nobody knows until a new one is made.',
    access: inTenant('Admin'),
    params: z.strictObject({ secretID: z.uuid() }),
    replies: { 204: { description: 'No webhook is signed with it any more.' } },
    problems: ['not_found'],
    handle: async ({ params, principal: { tenant } }) => {
      const { rowCount } = await database.withTenant(tenant.id, (client) =>
        client.query('DELETE FROM webhook_secrets WHERE tenant_id = $1 AND secret_id = $2', [
          tenant.id,
          params.secretID,
        ]),
      );
      if (rowCount === 0) throw noSuchSecret();
      return { status: 204 } as const;
    },
  });
}

/** The one before stays good for a while; what is older ends. Of several requests at once each ends the one before. */
async function endOthers(client: PoolClient, tenantID: string, overlapHours: number): Promise<void> {
  await client.query('SELECT FROM tenants WHERE tenant_id = $1 FOR NO KEY UPDATE', [tenantID]);
  await client.query('DELETE FROM webhook_secrets WHERE tenant_id = $1 AND ends_at IS NOT NULL', [tenantID]);
  await client.query(
    'UPDATE webhook_secrets SET ends_at = now() + make_interval(hours => $2) WHERE tenant_id = $1',
    [tenantID, overlapHours],
  );
}

/** With a secret that nobody has seen, until one is minted in the same transaction. */
async function insertSecret(client: PoolClient, box: SecretBox, tenantID: string): Promise<SecretRow> {
  const { secret_id, sealed, key_id } = box.seal(tenantID, randomUUID(), newWebhookSecret());
  const { rows } = await client.query<SecretRow>(
    `INSERT INTO webhook_secrets (tenant_id, secret_id, sealed, key_id) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
    [tenantID, secret_id, sealed, key_id],
  );
  return rows[0] as SecretRow;
}

/** Throws ApiError `not_found` for one that was ended before the request was repeated. */
async function mint(
  client: PoolClient,
  box: SecretBox,
  { tenantID, secretID }: { readonly tenantID: string; readonly secretID: string },
): Promise<string> {
  const secret = newWebhookSecret();
  const { sealed, key_id } = box.seal(tenantID, secretID, secret);
  const { rowCount } = await client.query(
    'UPDATE webhook_secrets SET sealed = $3, key_id = $4 WHERE tenant_id = $1 AND secret_id = $2',
    [tenantID, secretID, sealed, key_id],
  );
  if (rowCount === 0) throw noSuchSecret();
  return secret;
}

function noSuchSecret(): ApiError {
  return new ApiError('not_found', 'There is no webhook secret with this id.');
}

function secretOf(row: SecretRow): z.output<typeof secretSchema> {
  return {
    id: row.secret_id,
    createdAt: row.created_at.toISOString(),
    endsAt: row.ends_at?.toISOString() ?? null,
  };
}
