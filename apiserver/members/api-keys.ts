import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database, PoolClient } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { displayTextSchema } from '../identity/account-schemas.ts';
import { SCOPES, type Scope } from '../identity/permissions.ts';
import type { PersonInTenant } from '../identity/principal.ts';
import { hashOfSecret, newSecret } from '../identity/secret.ts';
import { holdAdmin } from './ways-in.ts';

const time = z.iso.datetime();
const scopeSchema = z.enum(Object.keys(SCOPES) as [Scope, ...Scope[]]);

const keySchema = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(scopeSchema).describe('What the key may be used for.'),
  createdAt: time,
  expiresAt: time.nullable().describe('Null: it does not end by itself.'),
  lastUsedAt: time.nullable().describe('To the hour; null: never.'),
});

const newKeySchema = keySchema.extend({
  key: z
    .string()
    .describe('For `Authorization: Bearer`. Shown this once: only its hash is kept.')
    .meta({ examples: ['vlk_9f2dYp0cV3Jk1wq7mXbT5rN8sLhG4uA6eZyQoCiKxEw'] }),
});

const requestSchema = z.strictObject({
  name: displayTextSchema.meta({ examples: ['Nightly export'] }),
  scopes: z.array(scopeSchema).min(1).max(Object.keys(SCOPES).length).refine(isSet, 'must not repeat one'),
  // Postgres knows no year 0.
  expiresAt: time
    .refine((at) => !at.startsWith('0000'), 'must be a year from 1 on')
    .optional()
    .describe('Absent: it does not end by itself.'),
});

interface KeyRow {
  readonly key_id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

/** So many a tenant may have at a time. */
const MAX_KEYS = 100;

const COLUMNS = 'key_id, name, scopes, created_at, expires_at, last_used_at';
const LIVE = 'tenant_id = $1 AND revoked_at IS NULL';

const paramsSchema = z.strictObject({ keyID: z.uuid() });

/** `POST /api/admin/api-keys`: a key for a program. A repeated request gets a new secret; the one before ends. */
export function createKeyRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/admin/api-keys',
    operationID: 'createKey',
    summary: 'Make an API key of this tenant. The key itself is shown this once.',
    access: inTenant('Admin'),
    body: requestSchema,
    replies: { 201: { description: 'The key.', schema: newKeySchema } },
    problems: ['too_many'],
    handle: ({ body, principal, once }) =>
      once({
        transaction: (work) => database.withTenant(principal.tenant.id, work),
        tenantID: principal.tenant.id,
        create: async (client) => {
          const row = await insertKey(client, principal, body);
          const location = `/api/admin/api-keys/${row.key_id}`;
          return { status: 201, location, body: keyOf(row) } as const;
        },
        addSecrets: async (client, key) => ({
          ...key,
          key: await mintSecret(client, principal.tenant.id, key.id),
        }),
      }),
  });
}

const KEYS: PagedList<KeyRow, ReturnType<typeof keyOf>> = {
  select: `SELECT ${COLUMNS} FROM api_keys WHERE ${LIVE}`,
  order: { at: 'created_at', id: 'key_id' },
  positionOf: (row) => ({ at: row.created_at, id: row.key_id }),
  itemOf: keyOf,
};

/** `GET /api/admin/api-keys`. */
export function listKeysRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/api-keys',
    operationID: 'listKeys',
    summary: 'List the API keys that were not revoked, the latest first.',
    access: inTenant('Admin'),
    query: pageQuerySchema,
    replies: {
      200: { description: 'A page of keys, without their secrets.', schema: pageSchema(keySchema) },
    },
    handle: ({ query, principal }) =>
      readTenantPage(database, { tenantID: principal.tenant.id, query, list: KEYS }),
  });
}

/** `GET /api/admin/api-keys/{keyID}`. */
export function getKeyRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/api-keys/{keyID}',
    operationID: 'readKey',
    summary: 'Read an API key that was not revoked.',
    access: inTenant('Admin'),
    params: paramsSchema,
    replies: { 200: { description: 'The key, without its secret.', schema: keySchema } },
    handle: async ({ params, principal }) => {
      const { rows } = await database.withTenant(principal.tenant.id, (client) =>
        client.query<KeyRow>(`SELECT ${COLUMNS} FROM api_keys WHERE ${LIVE} AND key_id = $2`, [
          principal.tenant.id,
          params.keyID,
        ]),
      );
      if (!rows[0]) throw noSuchKey();
      return { status: 200, body: keyOf(rows[0]) } as const;
    },
  });
}

/** `DELETE /api/admin/api-keys/{keyID}`: the key is worth nothing from the next request on. */
export function revokeKeyRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'DELETE',
    path: '/api/admin/api-keys/{keyID}',
    operationID: 'revokeKey',
    summary: 'Revoke an API key.',
    access: inTenant('Admin'),
    params: paramsSchema,
    replies: { 204: { description: 'It is worth nothing any more.' } },
    handle: async ({ params, principal }) => {
      const { rowCount } = await database.withTenant(principal.tenant.id, (client) =>
        client.query(`UPDATE api_keys SET revoked_at = now() WHERE ${LIVE} AND key_id = $2`, [
          principal.tenant.id,
          params.keyID,
        ]),
      );
      if (rowCount === 0) throw noSuchKey();
      return { status: 204 } as const;
    },
  });
}

async function insertKey(
  client: PoolClient,
  principal: PersonInTenant,
  { name, scopes, expiresAt }: z.output<typeof requestSchema>,
): Promise<KeyRow> {
  const { user, tenant, entered } = principal;
  await holdAdmin(client, principal);
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM api_keys WHERE ${LIVE}`, [
    tenant.id,
  ]);
  if (Number(rows[0]?.count) >= MAX_KEYS) {
    throw new ApiError('too_many', `A tenant has at most ${MAX_KEYS} API keys.`);
  }
  const inserted = await client.query<KeyRow>(
    `INSERT INTO api_keys (tenant_id, key_id, name, secret_hash, scopes, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
    // Nobody's secret, until one is minted in the same transaction.
    [
      tenant.id,
      randomUUID(),
      name,
      hashOfSecret(newSecret('apiKey')),
      scopes,
      entered ? null : user.id,
      expiresAt,
    ],
  );
  return inserted.rows[0] as KeyRow;
}

/** Throws ApiError `not_found` for a key that was revoked before the request was repeated. */
async function mintSecret(client: PoolClient, tenantID: string, keyID: string): Promise<string> {
  const key = newSecret('apiKey');
  const { rowCount } = await client.query(
    `UPDATE api_keys SET secret_hash = $3 WHERE ${LIVE} AND key_id = $2`,
    [tenantID, keyID, hashOfSecret(key)],
  );
  if (rowCount === 0) throw noSuchKey();
  return key;
}

function isSet(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}

function noSuchKey(): ApiError {
  return new ApiError('not_found', 'There is no API key with this id.');
}

function keyOf(row: KeyRow): z.output<typeof keySchema> {
  return {
    id: row.key_id,
    name: row.name,
    scopes: [...row.scopes],
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  };
}
