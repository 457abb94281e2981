import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry, type Registry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { append, callEvents } from '../testing/ledger-events.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import { LedgerWriter } from './ledger-writer.ts';

const CHILD = fileURLToPath(new URL('../testing/ledger-child/main.ts', import.meta.url));

describe('the ledger writer', () => {
  let database: MigratedDatabase;
  let server: TestRedis;
  let redis: Redis;
  let api: TestApi;
  let tenant: Awaited<ReturnType<TestApi['signUp']>>;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    database = await createMigratedDatabase();
    server = await startTestRedis();
    redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger });
    api = await startTestApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await disconnectRedis(redis);
    await server.stop();
    await database.drop();
  });
  beforeEach(async () => {
    tenant = await api.signUp(randomUUID());
  });

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  test('a whole call becomes a transcript, a lead and usage', async () => {
    await startWriter();
    const events = callEvents({ tenantID: tenant.tenantID, seconds: 75, turns: 4 });
    await append(redis, events);
    const call = await settled(events);
    expect(call).toMatchObject({
      from: '+13125550142',
      to: '+13125550100',
      seconds: 75,
      hangupReason: 'WorkflowCompleted',
      carrierCause: 'normal_clearing',
      hasLead: true,
      usage: { callSeconds: 75, sttSeconds: 20, ttsCharacters: 180 },
      lead: { workflow: 'lead-capture', complete: true },
    });
    expect(call.transcript.map((turn: { index: number }) => turn.index)).toEqual([0, 1, 2, 3]);
    expect(await usage()).toMatchObject({
      call_count: 1,
      call_seconds: 75,
      call_minutes: 2,
      tts_characters: 180,
    });
    const leads = await api.call('GET', '/api/admin/leads', { token: tenant.token });
    expect(leads.body.items).toEqual([call.lead]);
  });

  test('says what is committed, and keeps only the last entry of a read stream', async () => {
    await startWriter();
    const events = callEvents({ tenantID: tenant.tenantID });
    await append(redis, events);
    await settled(events);
    const shard = shardOf(tenant.tenantID);
    const last = await redis.xrevrange(ledgerKeys.stream(shard), '+', '-', 'COUNT', 1);
    await until(async () =>
      (await redis.get(ledgerKeys.committed(shard))) === last[0]?.[0] ? true : undefined,
    );
    expect(await redis.xlen(ledgerKeys.stream(shard))).toBe(1);
  });

  test('events in any order, each several times, count once', async () => {
    await startWriter();
    const events = callEvents({ tenantID: tenant.tenantID, seconds: 61 });
    const before = await rejectCount();
    for (let round = 0; round < 3; round += 1) {
      await append(
        redis,
        [...events, ...events].sort(() => Math.random() - 0.5),
      );
      await drained();
    }
    await settled(events);
    expect(await rejectCount()).toBe(before);
    expect(await usage()).toMatchObject({ call_count: 1, call_seconds: 61 });
  });

  test('a higher revision replaces by the difference, a lower one changes nothing', async () => {
    await startWriter();
    const callID = randomUUID();
    const settle = (revision: number, seconds: number) =>
      callEvents({ tenantID: tenant.tenantID, callID, revision, seconds }).filter(
        (event) => event.kind === 'usage',
      );
    for (const event of [settle(0, 75), settle(2, 130), settle(1, 500)]) {
      await append(redis, event);
      await drained();
    }
    expect(await usage()).toMatchObject({ call_count: 1, call_seconds: 130, call_minutes: 3 });
  });

  test('a correction may move a call to another month', async () => {
    await startWriter();
    const callID = randomUUID();
    const lastMonth = new Date();
    lastMonth.setUTCDate(0);
    const only = (answeredAt: Date, revision: number) =>
      callEvents({ tenantID: tenant.tenantID, callID, revision, answeredAt }).filter(
        (event) => event.kind === 'usage',
      );
    await append(redis, only(new Date(), 0));
    await drained();
    await append(redis, only(lastMonth, 1));
    await drained();
    expect(await usage()).toMatchObject({ call_count: 0, call_seconds: 0 });
    const rows = await database.worker.query(
      `SELECT month, quantity FROM usage_counters WHERE tenant_id = $1 AND metric = 'call_seconds' ORDER BY month`,
      [tenant.tenantID],
    );
    expect(rows).toEqual([
      { month: lastMonth.toISOString().slice(0, 7), quantity: '75' },
      { month: new Date().toISOString().slice(0, 7), quantity: '0' },
    ]);
  });

  test('what cannot be taken in is set aside with its reason and blocks nothing', async () => {
    const registry = createRegistry('test');
    await startWriter(registry);
    const stream = ledgerKeys.stream(shardOf(tenant.tenantID));
    const events = callEvents({ tenantID: tenant.tenantID });
    const turn = events.find((event) => event.kind === 'turn');
    const before = await rejectCount();
    await redis.xadd(stream, '*', 'event', '{not json');
    await redis.xadd(stream, '*', 'other', 'field');
    await redis.xadd(stream, '*', 'event', JSON.stringify({ ...turn, id: 'another/id' }));
    await redis.xadd(ledgerKeys.stream(otherShard()), '*', 'event', JSON.stringify(turn));
    await redis.xadd(stream, '*', 'event', JSON.stringify({ ...turn, text: 'what Postgres \0 refuses' }));
    await append(redis, events);
    await append(
      redis,
      events.slice(2, 3).map((event) => ({ ...event, text: 'other words' }) as LedgerEvent),
    );
    await settled(events);
    await drained();
    const rejects = await database.worker.query<{ reason: string }>(
      'SELECT reason FROM ledger_rejects ORDER BY rejected_at DESC, reason LIMIT 6',
    );
    expect(await rejectCount()).toBe(before + 6);
    expect(rejects.map((row) => row.reason).sort()).toEqual([
      'Contradiction',
      'NotAnEvent',
      'NotAnEvent',
      'Refused',
      'WrongID',
      'WrongShard',
    ]);
    const metric = await registry.getSingleMetricAsString('veralux_ledger_rejects_total');
    expect(metric).toContain('{reason="Contradiction",program="test"} 1');
  });

  test('a tenant that only the ledger has spoken of is kept for when its resource is seen', async () => {
    await startWriter();
    const tenantID = randomUUID();
    await append(redis, callEvents({ tenantID }));
    await drained();
    const rows = await database.worker.query('SELECT source, name FROM tenants WHERE tenant_id = $1', [
      tenantID,
    ]);
    expect(rows).toEqual([{ source: 'Ledger', name: null }]);
  });

  test('an emptied Redis is read anew, also when its ids went backwards', async () => {
    await startWriter();
    const first = callEvents({ tenantID: tenant.tenantID });
    await append(redis, first);
    await settled(first);
    await redis.flushall();
    const second = callEvents({ tenantID: tenant.tenantID });
    const stream = ledgerKeys.stream(shardOf(tenant.tenantID));
    // Ids from before everything that was committed, as after a restored clock.
    for (const [index, event] of [...first, ...second].entries()) {
      await redis.xadd(stream, `1000-${index + 1}`, 'event', JSON.stringify(event));
    }
    await settled(second);
    expect(await usage()).toMatchObject({ call_count: 2, call_seconds: 150 });
  });

  test('of two writers one is active, and the other takes over when it ends', async () => {
    const first = await startWriter();
    await startWriter();
    const before = callEvents({ tenantID: tenant.tenantID });
    await append(redis, before);
    await settled(before);
    await first();
    const after = callEvents({ tenantID: tenant.tenantID });
    await append(redis, after);
    await settled(after);
    expect(await usage()).toMatchObject({ call_count: 2 });
  });

  test('goes on after its connections to Redis and Postgres were cut', async () => {
    await startWriter();
    const first = callEvents({ tenantID: tenant.tenantID });
    await append(redis, first);
    await settled(first);
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE usename = 'veralux_worker' AND datname = current_database()`);
    const second = callEvents({ tenantID: tenant.tenantID });
    await append(redis, second);
    await settled(second);
    expect(await usage()).toMatchObject({ call_count: 2 });
  });

  test('kill -9 at any moment loses nothing and doubles nothing', { timeout: 60_000 }, async () => {
    const calls = Array.from({ length: 120 }, (_, index) =>
      callEvents({ tenantID: tenant.tenantID, seconds: index + 1, turns: 3 }),
    );
    const rejectsBefore = await rejectCount();
    let child = startChild();
    for (const [index, events] of calls.entries()) {
      await append(redis, events);
      if (index % 20 !== 19) continue;
      // Once it is at work, somewhere between a read, a commit and what is said of it.
      await until(async () => ((await usage()).call_count > index - 10 ? true : undefined));
      await append(redis, calls[index + 1] ?? []);
      await systemClock.sleep(Math.random() * 8);
      await kill(child);
      child = startChild();
    }
    const expected = calls.length * ((calls.length + 1) / 2);
    await until(async () => ((await usage()).call_count === calls.length ? true : undefined));
    await drained();
    await kill(child);
    expect(await usage()).toMatchObject({ call_count: calls.length, call_seconds: expected });
    const drift = await database.worker.query(
      `SELECT tenant_id FROM usage_counters c WHERE metric <> 'api_requests' AND quantity <>
         (SELECT COALESCE(sum(quantity), 0) FROM usage_events e
           WHERE e.tenant_id = c.tenant_id AND e.month = c.month AND e.metric = c.metric)`,
    );
    expect(drift).toEqual([]);
    expect(await rejectCount()).toBe(rejectsBefore);
    const turns = await database.worker.query<{ n: string }>(
      'SELECT count(*) AS n FROM call_turns WHERE tenant_id = $1',
      [tenant.tenantID],
    );
    expect(Number(turns[0]?.n)).toBe(3 * calls.length);
  });

  async function startWriter(registry: Registry = createRegistry('test')) {
    const own = await connectRedis({
      url: server.url,
      name: 'writer',
      log: silentLogger,
      commandTimeoutMs: 5_000,
    });
    const writer = new LedgerWriter({
      redis: own,
      database: database.worker,
      databaseURL: database.workerURL,
      registry,
      clock: systemClock,
      log: silentLogger,
    });
    await writer.start(() => undefined);
    let isStopped = false;
    const stop = async () => {
      if (isStopped) return;
      isStopped = true;
      await writer.stop();
      await disconnectRedis(own);
    };
    stops.push(stop);
    return stop;
  }

  function startChild(): ChildProcess {
    return spawn(process.execPath, [CHILD, database.workerURL, server.url], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** The call of these events as the API shows it, once its usage is there. */
  async function settled(events: readonly LedgerEvent[]) {
    return until(async () => {
      const reply = await api.call('GET', `/api/admin/calls/${events[0]?.callID}`, { token: tenant.token });
      return reply.status === 200 && reply.body.usage ? reply.body : undefined;
    });
  }

  /** Waits until the tenant's stream has been taken in whole. */
  async function drained(): Promise<void> {
    await until(async () => {
      const keys = await redis.keys('ledger:{*}');
      for (const key of keys.filter((name) => !name.endsWith(':committed'))) {
        const [last] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
        if (last && (await redis.get(`${key}:committed`)) !== last[0]) return undefined;
      }
      return true;
    });
  }

  async function usage() {
    const reply = await api.call('GET', '/api/admin/usage', { token: tenant.token });
    return reply.body.usage;
  }

  async function asAdmin(statement: string): Promise<void> {
    const client = new Client({ connectionString: database.adminURL });
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  async function rejectCount(): Promise<number> {
    const rows = await database.worker.query<{ n: string }>('SELECT count(*) AS n FROM ledger_rejects');
    return Number(rows[0]?.n);
  }

  function otherShard(): string {
    return shardOf(tenant.tenantID) === 's00' ? 's01' : 's00';
  }
});
