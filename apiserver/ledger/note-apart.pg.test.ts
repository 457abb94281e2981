import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Shard, shardOf } from '#crds/projection/shard.ts';
import { DatabaseUnavailable } from '../database/database-error.ts';
import { callEvents } from '../testing/ledger-events.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import type { NoteEvents } from './note-apart.ts';
import { writeBatch } from './write-batch.ts';

let database: MigratedDatabase;
const cursors = new Map<Shard, string>();
let streamID = 0;
beforeAll(async () => {
  database = await createMigratedDatabase();
});
afterAll(() => database.drop());

const write = (tenantIDs: readonly string[], note: NoteEvents) => {
  const entries = tenantIDs.flatMap((tenantID) =>
    callEvents({ tenantID }).map((event) => ({
      shard: shardOf(tenantID),
      streamID: `1-${++streamID}`,
      text: JSON.stringify(event),
    })),
  );
  return writeBatch(database.worker, entries, cursors, note);
};
const rowsOf = (table: string, tenantID: string) =>
  database.worker.query(`SELECT FROM ${table} WHERE tenant_id = $1`, [tenantID]);

/** Notes a secret of each tenant; fails for one of them after it wrote. */
function noteBut(broken: string, fail: (client: Parameters<NoteEvents>[0]) => Promise<unknown>): NoteEvents {
  return async (client, events) => {
    for (const tenantID of new Set(events.map((event) => event.tenantID))) {
      await client.query(
        `INSERT INTO webhook_secrets (tenant_id, secret_id, sealed, key_id) VALUES ($1, $1, 's', 'k')`,
        [tenantID],
      );
      if (tenantID === broken) await fail(client);
    }
  };
}

test.each<[string, (client: Parameters<NoteEvents>[0]) => Promise<unknown>]>([
  ['Postgres refuses what it writes', (client) => client.query('SELECT 1 / 0')],
  ['it meets what it does not know', () => Promise.reject(new TypeError('of an unknown kind'))],
])('where a tenant cannot be told as %s, the ledger is written and others are told', async (_what, fail) => {
  const [broken, whole] = [randomUUID(), randomUUID()];
  const result = await write([broken, whole], noteBut(broken, fail));
  expect(result.rejected).toEqual([]);
  expect(result.unnoted.map(({ tenantID }) => tenantID)).toEqual([broken]);
  for (const tenantID of [broken, whole]) expect(await rowsOf('leads', tenantID)).toHaveLength(1);
  expect(await rowsOf('webhook_secrets', broken)).toEqual([]);
  expect(await rowsOf('webhook_secrets', whole)).toHaveLength(1);
});

test('where Postgres is away nothing is written, and all of it is written later', async () => {
  const tenantID = randomUUID();
  const away = () => Promise.reject(new DatabaseUnavailable(new Error('away')));
  await expect(write([tenantID], noteBut(tenantID, away))).rejects.toThrow(DatabaseUnavailable);
  expect(await rowsOf('leads', tenantID)).toEqual([]);
});
