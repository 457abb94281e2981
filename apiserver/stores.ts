import { KubeClient } from '#lib/kube/kube-client.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import type { Logger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { currentActor } from './audit/actor.ts';
import { SEARCH_POOL } from './calls/text-searches.ts';
import type { ApiServerConfig } from './config.ts';
import { checkDatabase } from './database/check-database.ts';
import { Database } from './database/database.ts';
import { READ_BLOCK_MS } from './ledger/ledger-streams.ts';
import { ROLES } from './migrate/schema.ts';

/**
 * How long a request waits at most for Redis to count it. What is silent for twice as long is connected to
 * anew, and until that succeeds nobody waits at all.
 */
const RATE_TIMEOUT_MS = 250;

/** What the server leans on: Postgres as each role, Redis by a connection for each purpose, the cluster. */
export interface Stores {
  readonly database: Database;
  readonly search: Database;
  readonly worker: Database;
  readonly kube: KubeClient;
  readonly probe: Redis;
  readonly rates: Redis;
  readonly ledger: Redis;
}

/** Connects the stores, does the work with them, and closes them. Throws where one may not or cannot be used. */
export async function withStores<T>(
  config: ApiServerConfig,
  log: Logger,
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const database = new Database({
    url: config.DATABASE_URL,
    name: 'veralux-app',
    maxConnections: 10,
    actor: currentActor,
    log,
  });
  const worker = new Database({
    url: config.WORKER_DATABASE_URL,
    name: 'veralux-worker',
    maxConnections: 10,
    log,
  });
  const search = new Database({ url: config.DATABASE_URL, name: 'veralux-search', ...SEARCH_POOL, log });
  const redis: Redis[] = [];
  const kube = new KubeClient({ config: loadKubeConfig(config.KUBECONFIG), userAgent: 'veralux-apiserver' });
  try {
    await checkDatabase(database, 'DATABASE_URL', ROLES.app);
    await checkDatabase(worker, 'WORKER_DATABASE_URL', ROLES.worker);
    const connect = (name: string, commandTimeoutMs: number, joinsWrites = false) =>
      connectRedis({ url: config.REDIS_URL, name, log, commandTimeoutMs, joinsWrites });
    const probe = await connect('veralux-apiserver', 2_000);
    redis.push(probe);
    const rates = await connect('veralux-apiserver-rates', RATE_TIMEOUT_MS, true);
    redis.push(rates);
    // Its reads block for READ_BLOCK_MS, during which nothing else can be asked on the connection.
    const ledger = await connect('veralux-apiserver-ledger', READ_BLOCK_MS + 4_000);
    redis.push(ledger);
    return await work({ database, search, worker, kube, probe, rates, ledger });
  } finally {
    await Promise.all([
      ...redis.map(disconnectRedis),
      database.end(),
      search.end(),
      worker.end(),
      kube.close(),
    ]);
  }
}
