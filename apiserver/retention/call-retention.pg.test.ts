import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { CallRetention } from './call-retention.ts';
import { deleteExpired } from './delete-expired.ts';

const NOW = Date.UTC(2026, 10, 30, 12);
const DAY_MS = 86_400_000;

let database: MigratedDatabase;
const services: CallRetention[] = [];

beforeAll(async () => {
  database = await createMigratedDatabase();
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await database.worker.query('UPDATE tenants SET transcript_days = NULL, recording_days = NULL');
});
afterAll(() => database.drop());

async function start(clock = new FakeClock(NOW)): Promise<FakeClock> {
  const retention = new CallRetention({ database: database.worker, clock, log: silentLogger });
  services.push(retention);
  await retention.start((error) => {
    throw error;
  });
  return clock;
}

async function tenantThatKeeps(days: number | null): Promise<string> {
  const tenantID = randomUUID();
  await database.worker.query(
    `INSERT INTO tenants (tenant_id, source, transcript_days) VALUES ($1, 'Resource', $2)`,
    [tenantID, days],
  );
  return tenantID;
}

/** A call that began so many days ago, of so many turns, with a lead. */
async function call(tenantID: string, days: number, turns = 1): Promise<void> {
  const callID = randomUUID();
  const startedAt = new Date(NOW - days * DAY_MS);
  await database.worker.query('INSERT INTO calls (tenant_id, call_id, started_at) VALUES ($1, $2, $3)', [
    tenantID,
    callID,
    startedAt,
  ]);
  await database.worker.query(
    `INSERT INTO call_turns (tenant_id, call_id, turn_index, speaker, text, started_at_ms, ended_at_ms, interrupted)
     SELECT $1, $2, n, 'Caller', 'words', 0, 0, false FROM generate_series(1, $3::int) AS n`,
    [tenantID, callID, turns],
  );
  await database.worker.query(
    `INSERT INTO leads (tenant_id, call_id, workflow, complete, fields, captured_at) VALUES ($1, $2, 'w', true, '[]', $3)`,
    [tenantID, callID, startedAt],
  );
}

/** How long ago the calls began of which something is left that was said, in days. */
async function kept(tenantID: string): Promise<number[]> {
  const rows = await database.worker.query<{ started_at: Date }>(
    `SELECT DISTINCT started_at FROM calls JOIN call_turns USING (tenant_id, call_id)
      WHERE tenant_id = $1 ORDER BY started_at DESC`,
    [tenantID],
  );
  return rows.map(({ started_at: startedAt }) => (NOW - startedAt.getTime()) / DAY_MS);
}

const PATIENCE = { timeout: 10_000 };

test('what was said is deleted when its days are over, and what came of it is kept', async () => {
  const tenantID = await tenantThatKeeps(7);
  for (const days of [1, 6.9, 7.1, 400]) await call(tenantID, days);
  await start();
  await expect.poll(() => kept(tenantID), PATIENCE).toEqual([1, 6.9]);
  const rows = await database.worker.query(
    'SELECT call_id FROM calls JOIN leads USING (tenant_id, call_id) WHERE tenant_id = $1',
    [tenantID],
  );
  expect(rows).toHaveLength(4);
});

test('each tenant has its own days, and one whose resource was never seen keeps everything', async () => {
  const [short, long, unknown] = [
    await tenantThatKeeps(1),
    await tenantThatKeeps(90),
    await tenantThatKeeps(null),
  ];
  for (const tenantID of [short, long, unknown]) {
    for (const days of [2, 91]) await call(tenantID, days);
  }
  await start();
  await expect.poll(() => kept(short), PATIENCE).toEqual([]);
  await expect.poll(() => kept(long), PATIENCE).toEqual([2]);
  expect(await kept(unknown)).toEqual([2, 91]);
});

test('it goes on as time does, when the days are fewer, and with turns that come late', async () => {
  const tenantID = await tenantThatKeeps(7);
  for (const days of [2, 6.9]) await call(tenantID, days);
  const clock = await start();
  const laterKept = async () => {
    await clock.advance(600_000);
    return kept(tenantID);
  };
  await expect.poll(() => clock.pending, PATIENCE).toBe(1);
  expect(await kept(tenantID)).toEqual([2, 6.9]);
  await call(tenantID, 7.5);
  await expect.poll(laterKept, PATIENCE).toEqual([2]);
  await database.worker.query('UPDATE tenants SET transcript_days = 1 WHERE tenant_id = $1', [tenantID]);
  await expect.poll(laterKept, PATIENCE).toEqual([]);
});

test('very much is deleted batch by batch, by several servers at once', async () => {
  const tenants = await Promise.all(Array.from({ length: 8 }, () => tenantThatKeeps(1)));
  await Promise.all(tenants.map((tenantID) => call(tenantID, 3, 4_500)));
  await Promise.all([start(), start(), start()]);
  for (const tenantID of tenants) await expect.poll(() => kept(tenantID), PATIENCE).toEqual([]);
});

test('a tenant with very many calls keeps nobody waiting, and no call is looked at for each slice anew', async () => {
  const [big, small] = [await tenantThatKeeps(1), await tenantThatKeeps(1)];
  await database.worker.query(
    `INSERT INTO calls (tenant_id, call_id, started_at)
     SELECT $1, gen_random_uuid(), $2::timestamptz - n * interval '1 minute' FROM generate_series(1, 3000) AS n`,
    [big, new Date(NOW - 2 * DAY_MS)],
  );
  await database.worker.query(
    `INSERT INTO call_turns (tenant_id, call_id, turn_index, speaker, text, started_at_ms, ended_at_ms, interrupted)
     SELECT tenant_id, call_id, 0, 'Caller', 'words', 0, 0, false FROM calls WHERE tenant_id = $1`,
    [big],
  );
  await call(small, 2);
  const steps: number[] = [];
  const step = () => deleteExpired(database.worker, 'transcripts', new Date(NOW));
  for (let slice = 0; slice < 3; slice += 1) await step();
  expect(await kept(small)).toEqual([]);
  const left = async () => {
    const [row] = await database.worker.query<{ left: string }>(
      'SELECT count(*) AS left FROM call_turns WHERE tenant_id = $1',
      [big],
    );
    return Number(row?.left);
  };
  for (steps.push(await left()); await step(); steps.push(await left()));
  // Two hundred less each time, to the end.
  const slices = steps.slice(1).map((count, index) => (steps[index] ?? 0) - count);
  expect(slices.slice(0, -1).every((count) => count === 200)).toBe(true);
  expect(steps.at(-1)).toBe(0);
});

test('what is known of a recording goes after its own days, and what was said after others', async () => {
  const tenantID = await tenantThatKeeps(90);
  await database.worker.query('UPDATE tenants SET recording_days = 7 WHERE tenant_id = $1', [tenantID]);
  for (const days of [6, 8]) await call(tenantID, days);
  await database.worker.query(
    `UPDATE calls SET runtime = 'ns/shared', recording = jsonb_build_object('carrierLegID', 'leg-' || call_id)
      WHERE tenant_id = $1`,
    [tenantID],
  );
  await start();
  const recorded = async () => {
    const rows = await database.worker.query<{ started_at: Date }>(
      'SELECT started_at FROM calls WHERE tenant_id = $1 AND recording IS NOT NULL',
      [tenantID],
    );
    return rows.map(({ started_at: startedAt }) => (NOW - startedAt.getTime()) / DAY_MS);
  };
  await expect.poll(recorded, PATIENCE).toEqual([6]);
  expect(await kept(tenantID)).toEqual([6, 8]);
  const due = await database.worker.query(
    `SELECT d.runtime FROM erased_recordings d JOIN calls ON carrier_leg_id = 'leg-' || call_id WHERE tenant_id = $1`,
    [tenantID],
  );
  expect(due).toEqual([{ runtime: 'ns/shared' }]);
});
