/**
 * The least that answers usage over HTTP: node's server, pg, and no more. `/transaction` sends the same four
 * statements as the API server does for a tenant's usage, the one that reads prepared as there; `/query` only
 * that one, as a role that sees every tenant. Reads HOST, PORT, DATABASE_URL, WORKER_DATABASE_URL and TENANT_ID.
 */
import { createServer } from 'node:http';
import { Pool, type QueryConfig } from 'pg';
import { READ_USAGE } from '#apiserver/usage/get-usage.ts';
import { utcMonthOf } from '#apiserver/usage/month.ts';

/** As many as the API server has. */
const CONNECTIONS = 10;

const { env } = process;
const app = new Pool({ connectionString: env['DATABASE_URL'], max: CONNECTIONS });
const worker = new Pool({ connectionString: env['WORKER_DATABASE_URL'], max: CONNECTIONS });
const tenantID = env['TENANT_ID'];

const ROUTES: Readonly<Record<string, () => Promise<unknown>>> = {
  '/transaction': inTransaction,
  '/query': async () => (await worker.query(usage())).rows[0],
};

async function inTransaction(): Promise<unknown> {
  const client = await app.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query("SELECT set_config('veralux.tenant_id', $1, true)", [tenantID]);
    const { rows } = await client.query(usage());
    await client.query('COMMIT');
    return rows[0];
  } finally {
    client.release();
  }
}

function usage(): QueryConfig {
  return { ...READ_USAGE, values: [tenantID, utcMonthOf(Date.now())] };
}

createServer((request, response) => {
  const route = ROUTES[request.url ?? ''];
  if (!route) {
    response.writeHead(404).end();
    return;
  }
  route().then(
    (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(Number(env['PORT']), env['HOST']);
