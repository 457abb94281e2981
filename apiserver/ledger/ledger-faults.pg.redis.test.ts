import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { flushAll } from '#hack/testing/redis-topology.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { mastersOf } from '#lib/redis/servers.ts';
import { append, callEvents } from '../testing/ledger-events.ts';
import { TestLedger } from '../testing/test-ledger.ts';
import { until } from '../testing/until.ts';

const CHILD = fileURLToPath(new URL('../testing/ledger-child/main.ts', import.meta.url));

describe('the ledger writer, when servers and connections end', () => {
  let server: TestRedis;
  let ledger: TestLedger;
  beforeAll(async () => {
    server = await startTestRedis();
    ledger = await TestLedger.start(server);
  });
  afterAll(() => ledger.stop());
  beforeEach(() => ledger.newTenant());
  afterEach(() => ledger.stopWriters());

  test('an emptied Redis is read anew, also when its ids went backwards', async () => {
    await ledger.startWriter();
    const first = callEvents({ tenantID: ledger.tenant.tenantID });
    await append(ledger.redis, first);
    await ledger.settled(first);
    await flushAll(ledger.redis);
    const second = callEvents({ tenantID: ledger.tenant.tenantID });
    const stream = ledgerKeys.stream(shardOf(ledger.tenant.tenantID));
    // Ids from before everything that was committed, as after a restored clock.
    for (const [index, event] of [...first, ...second].entries()) {
      await ledger.redis.xadd(stream, `1000-${index + 1}`, 'event', JSON.stringify(event));
    }
    await ledger.settled(second);
    expect(await ledger.usage()).toMatchObject({ call_count: 2, call_seconds: 150 });
  });

  test('a server that took over with a slower clock is read from its first entry', async () => {
    await ledger.startWriter();
    const replica = await server.replicate();
    await replica.cutOff();
    const stream = ledgerKeys.stream(shardOf(ledger.tenant.tenantID));
    const before = callEvents({ tenantID: ledger.tenant.tenantID });
    const aheadMs = Date.now() + 60_000;
    for (const [index, event] of before.entries()) {
      await ledger.redis.xadd(stream, `${aheadMs}-${index}`, 'event', JSON.stringify(event));
    }
    await ledger.settled(before);
    await replica.failOver();
    await until(async () => (ledger.redis.status === 'ready' ? true : undefined));
    const under = callEvents({ tenantID: ledger.tenant.tenantID });
    await append(ledger.redis, under);
    const over = callEvents({ tenantID: ledger.tenant.tenantID });
    for (const [index, event] of over.entries()) {
      await ledger.redis.xadd(stream, `${aheadMs + 1}-${index}`, 'event', JSON.stringify(event));
    }
    await ledger.settled(over);
    await ledger.settled(under);
    expect(await ledger.usage()).toMatchObject({ call_count: 3 });
  });

  test('of two writers one is active, and the other takes over when it ends', async () => {
    const first = await ledger.startWriter();
    await ledger.startWriter();
    const before = callEvents({ tenantID: ledger.tenant.tenantID });
    await append(ledger.redis, before);
    await ledger.settled(before);
    await first();
    const after = callEvents({ tenantID: ledger.tenant.tenantID });
    await append(ledger.redis, after);
    await ledger.settled(after);
    expect(await ledger.usage()).toMatchObject({ call_count: 2 });
  });

  test('goes on after its connections to Redis and Postgres were cut', async () => {
    await ledger.startWriter();
    const first = callEvents({ tenantID: ledger.tenant.tenantID });
    await append(ledger.redis, first);
    await ledger.settled(first);
    for (const server of mastersOf(ledger.redis)) {
      await server.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE usename = 'veralux_worker' AND datname = current_database()`);
    const second = callEvents({ tenantID: ledger.tenant.tenantID });
    await append(ledger.redis, second);
    await ledger.settled(second);
    expect(await ledger.usage()).toMatchObject({ call_count: 2 });
  });

  test('kill -9 at any moment loses nothing and doubles nothing', { timeout: 60_000 }, async () => {
    const calls = Array.from({ length: 120 }, (_, index) =>
      callEvents({ tenantID: ledger.tenant.tenantID, seconds: index + 1, turns: 3 }),
    );
    const rejectsBefore = await ledger.rejectCount();
    let child = startChild();
    for (const [index, events] of calls.entries()) {
      await append(ledger.redis, events);
      if (index % 20 !== 19) continue;
      // Once it is at work, somewhere between a read, a commit and what is said of it.
      await until(async () => ((await ledger.usage()).call_count > index - 10 ? true : undefined));
      await append(ledger.redis, calls[index + 1] ?? []);
      await systemClock.sleep(Math.random() * 8);
      await kill(child);
      child = startChild();
    }
    const expected = calls.length * ((calls.length + 1) / 2);
    await until(async () => ((await ledger.usage()).call_count === calls.length ? true : undefined));
    await ledger.drained();
    await kill(child);
    expect(await ledger.usage()).toMatchObject({ call_count: calls.length, call_seconds: expected });
    const drift = await ledger.database.worker.query(
      `SELECT tenant_id FROM usage_counters c WHERE metric <> 'api_requests' AND quantity <>
         (SELECT COALESCE(sum(quantity), 0) FROM usage_events e
           WHERE e.tenant_id = c.tenant_id AND e.month = c.month AND e.metric = c.metric)`,
    );
    expect(drift).toEqual([]);
    expect(await ledger.rejectCount()).toBe(rejectsBefore);
    const turns = await ledger.database.worker.query<{ n: string }>(
      'SELECT count(*) AS n FROM call_turns WHERE tenant_id = $1',
      [ledger.tenant.tenantID],
    );
    expect(Number(turns[0]?.n)).toBe(3 * calls.length);
  });

  function startChild(): ChildProcess {
    return spawn(process.execPath, [CHILD, ledger.database.workerURL, ledger.server.url], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async function asAdmin(statement: string): Promise<void> {
    const client = new Client({ connectionString: ledger.database.adminURL });
    await client.connect();
    await client.query(statement);
    await client.end();
  }
});
