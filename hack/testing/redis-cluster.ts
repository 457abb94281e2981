import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Processes } from '#hack/local/processes.ts';
import { type LocalRedis, startRedis } from '#hack/local/redis.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { cutReplicasOff } from './cut-replicas-off.ts';
import { providedService } from './provided-service.ts';
import type { StartedTopology } from './started-topology.ts';

const MASTERS = 3;
const SLOTS = 16_384;
const PASSWORD = 'cluster-password';
const SETTINGS = {
  // After how long a server is taken for dead: a busy machine of 2 cores lets it wait for a second at times.
  'cluster-node-timeout': '2000',
  'cluster-require-full-coverage': 'no',
  'repl-diskless-sync-delay': '0',
  // A replica that heard nothing for long may take over all the same.
  'cluster-replica-validity-factor': '0',
};
const FORMING_TIMEOUT_MS = 30_000;

/**
 * A Cluster of three masters with a replica each. Slots of a master that is away are refused, and only those.
 * Called by redis-topology.ts.
 */
export async function startRedisCluster(): Promise<StartedTopology> {
  const { instance } = providedService('veraluxRedis');
  const directory = mkdtempSync(join(instance, 'data', 'cluster-'));
  const servers = await startServers(directory, new Processes(instance));
  const clients = servers.map(({ url }) => new Redis(url));
  for (const client of clients) client.on('error', () => undefined);
  const stop = async () => {
    for (const client of clients) client.disconnect();
    await Promise.all(servers.map(({ process }) => process.end()));
  };
  try {
    await form(servers, clients);
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`);
  return {
    url: `redis+cluster://:${PASSWORD}@${hosts.join()}`,
    cutReplicasOff: () => cutReplicasOff(servers.map(({ url }) => url)),
    async killMasterOf(key) {
      const port = await masterPortOf(clients, key);
      await servers.find((server) => server.port === port)?.process.kill();
    },
    stop,
  };
}

function startServers(directory: string, processes: Processes): Promise<LocalRedis[]> {
  const prefix = directory.slice(directory.lastIndexOf('/') + 1);
  const args = Object.entries(SETTINGS).flatMap(([name, value]) => [`--${name}`, value]);
  return Promise.all(
    Array.from({ length: 2 * MASTERS }, (_, index) =>
      startRedis({
        processes,
        directory,
        name: `${prefix}-${index}`,
        password: PASSWORD,
        isClustered: true,
        args,
      }),
    ),
  );
}

/** Gives the first three servers the slots, makes the others their replicas, and waits until all know it. */
async function form(servers: readonly LocalRedis[], clients: readonly Redis[]): Promise<void> {
  const masters = clients.slice(0, MASTERS);
  for (const [index, master] of masters.entries()) {
    await master.cluster('SET-CONFIG-EPOCH', index + 1);
    const end = (n: number) => Math.floor((SLOTS * n) / MASTERS);
    await master.call('CLUSTER', 'ADDSLOTSRANGE', end(index), end(index + 1) - 1);
  }
  for (const { port, busPort } of servers.slice(1)) {
    await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  }
  await all(clients, async (client) => infoOf(await client.cluster('INFO'), 'cluster_known_nodes') === '6');
  for (const [index, replica] of clients.slice(MASTERS).entries()) {
    await replica.cluster('REPLICATE', String(await masters[index]?.cluster('MYID')));
  }
  await all(clients.slice(MASTERS), async (client) => isFollowing(await client.info('replication')));
  await all(clients, async (client) => {
    const nodes = String(await client.cluster('NODES'));
    const isOk = infoOf(await client.cluster('INFO'), 'cluster_state') === 'ok';
    return isOk && nodes.split('slave').length - 1 === MASTERS;
  });
}

async function all(clients: readonly Redis[], holds: (client: Redis) => Promise<boolean>): Promise<void> {
  const formed = await waitUntil(
    async () => (await Promise.all(clients.map(holds))).every(Boolean),
    FORMING_TIMEOUT_MS,
  );
  if (!formed) throw new Error('the Cluster did not form');
}

function isFollowing(replication: string): boolean {
  return infoOf(replication, 'master_link_status') === 'up';
}

function infoOf(info: unknown, field: string): string | undefined {
  return new RegExp(`^${field}:(\\w+)`, 'm').exec(String(info))?.[1];
}

/** As the first server says that still answers. */
async function masterPortOf(clients: readonly Redis[], key: string): Promise<number> {
  const client = clients.find(({ status }) => status === 'ready');
  const slot = Number(await client?.cluster('KEYSLOT', key));
  const ranges = (await client?.cluster('SLOTS')) ?? [];
  const range = ranges.find(([first, last]) => first <= slot && slot <= last);
  if (range?.[2] === undefined) throw new Error(`no server has slot ${slot}`);
  return range[2][1];
}
