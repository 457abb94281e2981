import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis } from '#lib/redis/connect-redis.ts';
import { Database } from '../../database/database.ts';
import { LedgerWriter } from '../../ledger/ledger-writer.ts';
import { noOutbox } from '../no-outbox.ts';

// A ledger writer in a process of its own, for tests to kill: <worker database URL> <Redis URL>.
const [url = '', redisURL = ''] = process.argv.slice(2);
const writer = new LedgerWriter({
  redis: await connectRedis({ url: redisURL, name: 'child', log: silentLogger, commandTimeoutMs: 5_000 }),
  database: new Database({ url, name: 'child', maxConnections: 2, log: silentLogger }),
  databaseURL: url,
  outbox: noOutbox,
  registry: createRegistry('child'),
  clock: systemClock,
  log: silentLogger,
});
await writer.start((error) => {
  throw error;
});
