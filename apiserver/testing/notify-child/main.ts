import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { type Dial, openTLS } from '#lib/public-web/post-json.ts';
import { Database } from '../../database/database.ts';
import { JobQueue } from '../../jobs/job-queue.ts';
import { NOTIFY_AGAIN_BY_WEBHOOK, NOTIFY_BY_WEBHOOK } from '../../jobs/job-queues.ts';
import { countAttempts, deliveryJob } from '../../notifications/deliver.ts';
import { webhookChannel } from '../../notifications/webhook-channel.ts';
import { SecretBox } from '../../notifications/webhook-secrets.ts';

// Sends webhooks in a process of its own, for tests to kill: <worker database URL> <secret> <port of the site> <its authority>.
const [url = '', secret = '', port = '', ca = ''] = process.argv.slice(2);
const database = new Database({ url, name: 'child', maxConnections: 5, log: silentLogger });
const registry = createRegistry('child');
const dial: Dial = ({ hostname }, signal) =>
  openTLS({ host: '127.0.0.1', port: Number(port), servername: hostname, ca }, signal);
const resolve = async () => [{ address: '93.184.215.14', family: 4 }];
const channel = webhookChannel({
  database,
  secretBox: new SecretBox([secret]),
  clock: systemClock,
  resolve,
  dial,
});
const deps = { database, attempts: countAttempts(registry), log: silentLogger };
const handlers = {
  [NOTIFY_BY_WEBHOOK]: deliveryJob(deps, channel, { queue: NOTIFY_AGAIN_BY_WEBHOOK }),
  [NOTIFY_AGAIN_BY_WEBHOOK]: deliveryJob(deps, channel),
};
await new JobQueue({ database, log: silentLogger, registry, handlers }).start();
