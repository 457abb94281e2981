import { randomUUID } from 'node:crypto';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { keysLike } from '#hack/testing/redis-topology.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry, type Registry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { isAway } from '#lib/redis/servers.ts';
import { LedgerWriter } from '../ledger/ledger-writer.ts';
import { NotificationOutbox } from '../notifications/notification-outbox.ts';
import { startTestApi, type TestApi } from './test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from './test-database.ts';
import { until } from './until.ts';

/** The call ledger from end to end, for tests: Redis, Postgres, writers, and the API that shows the result. */
export class TestLedger {
  readonly database: MigratedDatabase;
  readonly server: Pick<TestRedis, 'url' | 'stop'>;
  readonly redis: Redis;
  readonly api: TestApi;
  readonly #stops: (() => Promise<void>)[] = [];
  /** Whose calls the methods look at: a new one for each test. */
  tenant = { token: '', tenantID: '' };

  private constructor(database: MigratedDatabase, server: TestLedger['server'], redis: Redis, api: TestApi) {
    this.database = database;
    this.server = server;
    this.redis = redis;
    this.api = api;
  }

  /** On a Redis of its own, unless one is given: then that ends with it. */
  static async start(given?: Pick<TestRedis, 'url' | 'stop'>): Promise<TestLedger> {
    const database = await createMigratedDatabase();
    const server = given ?? (await startTestRedis());
    const redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger });
    return new TestLedger(database, server, redis, await startTestApi(database));
  }

  async stop(): Promise<void> {
    await this.stopWriters();
    await this.api.stop();
    await disconnectRedis(this.redis);
    await this.server.stop();
    await this.database.drop();
  }

  async newTenant(): Promise<void> {
    this.tenant = await this.api.signUp(randomUUID());
  }

  /** Starts a writer; resolves to what stops it. */
  async startWriter(registry: Registry = createRegistry('test')): Promise<() => Promise<void>> {
    const redis = await connectRedis({
      url: this.server.url,
      name: 'writer',
      log: silentLogger,
      commandTimeoutMs: 5_000,
    });
    const writer = new LedgerWriter({
      redis,
      database: this.database.worker,
      databaseURL: this.database.workerURL,
      outbox: new NotificationOutbox({ jobs: this.api.jobs }),
      registry,
      clock: systemClock,
      log: silentLogger,
    });
    await writer.start(() => undefined);
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= writer.stop().then(() => disconnectRedis(redis)));
    this.#stops.push(stop);
    return stop;
  }

  async stopWriters(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
  }

  /** The call of these events as the API shows it, once its usage is there. */
  async settled(events: readonly LedgerEvent[]) {
    const path = `/api/admin/calls/${events[0]?.callID}`;
    return until(async () => {
      const reply = await this.api.call('GET', path, { token: this.tenant.token });
      return reply.status === 200 && reply.body.usage ? reply.body : undefined;
    });
  }

  /** Waits until every stream has been taken in whole. */
  async drained(): Promise<void> {
    await until(async () => {
      // A test may have ended a server just now.
      if (ALL_SHARDS.some((shard) => isAway(this.redis, ledgerKeys.stream(shard)))) return undefined;
      const keys = await keysLike(this.redis, 'ledger:{*}');
      for (const key of keys.filter((name) => !name.endsWith(':committed'))) {
        const [last] = await this.redis.xrevrange(key, '+', '-', 'COUNT', 1);
        if (last && (await this.redis.get(`${key}:committed`)) !== last[0]) return undefined;
      }
      return true;
    });
  }

  /** The tenant's usage of this month, as the API shows it. */
  async usage() {
    const reply = await this.api.call('GET', '/api/admin/usage', { token: this.tenant.token });
    return reply.body.usage;
  }

  async rejectCount(): Promise<number> {
    const rows = await this.database.worker.query<{ n: string }>('SELECT count(*) AS n FROM ledger_rejects');
    return Number(rows[0]?.n);
  }
}
