import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onFreePorts } from '#hack/local/free-port.ts';
import { Processes, type RunningProcess } from '#hack/local/processes.ts';
import { type LocalRedis, startRedis } from '#hack/local/redis.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { cutReplicasOff } from './cut-replicas-off.ts';
import { providedService } from './provided-service.ts';
import type { StartedTopology } from './started-topology.ts';

const REPLICAS = 2;
const SENTINELS = 3;
const MASTER = 'calls';
const PASSWORD = 'server-password';
const SENTINEL_PASSWORD = 'sentinel-password';
/** After how long the master is taken for dead; a busy machine of 2 cores lets it wait for a second at times. */
const DOWN_AFTER_MS = 2_000;
const FAILOVER_TIMEOUT_MS = 6_000;
const FORMING_TIMEOUT_MS = 30_000;

interface Sentinel {
  readonly port: number;
  readonly process: RunningProcess;
  readonly client: Redis;
}

/** A master with two replicas, watched by three Sentinels. Called by redis-topology.ts. */
export async function startRedisSentinels(): Promise<StartedTopology> {
  const { instance } = providedService('veraluxRedis');
  const directory = mkdtempSync(join(instance, 'data', 'sentinels-'));
  const processes = new Processes(instance);
  const servers = await startServers(directory, processes);
  const sentinels: Sentinel[] = [];
  const stop = async () => {
    for (const { client } of sentinels) client.disconnect();
    await Promise.all([...sentinels, ...servers].map(({ process }) => process.end()));
  };
  try {
    for (let index = 0; index < SENTINELS; index += 1) {
      sentinels.push(await startSentinel(directory, processes, { index, watched: servers[0]?.port ?? 0 }));
    }
    await allKnown(sentinels);
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join();
  return {
    url: `redis+sentinel://:${PASSWORD}@${hosts}/${MASTER}?sentinel_password=${SENTINEL_PASSWORD}`,
    cutReplicasOff: () => cutReplicasOff(servers.map(({ url }) => url)),
    async killMasterOf() {
      const [, port] = await addressOf(sentinels);
      await servers.find((server) => server.port === Number(port))?.process.kill();
    },
    stop,
  };
}

async function startServers(directory: string, processes: Processes): Promise<LocalRedis[]> {
  const start = (index: number, args: readonly string[]) =>
    startRedis({
      processes,
      directory,
      name: nameIn(directory, index),
      password: PASSWORD,
      args: ['--repl-diskless-sync-delay', '0', ...args],
    });
  const master = await start(0, []);
  const following = ['--replicaof', '127.0.0.1', String(master.port)];
  const replicas = Array.from({ length: REPLICAS }, (_, index) => start(index + 1, following));
  return [master, ...(await Promise.all(replicas))];
}

/** A Sentinel writes what it finds out into its own settings. */
function startSentinel(
  directory: string,
  processes: Processes,
  { index, watched }: { index: number; watched: number },
): Promise<Sentinel> {
  const name = nameIn(directory, `sentinel-${index}`);
  const data = join(directory, name);
  mkdirSync(data, { recursive: true });
  return onFreePorts(1, async ([port = 0]) => {
    const settings = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${data}`,
      `requirepass ${SENTINEL_PASSWORD}`,
      `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
      `sentinel monitor ${MASTER} 127.0.0.1 ${watched} 2`,
      `sentinel auth-pass ${MASTER} ${PASSWORD}`,
      `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${MASTER} ${FAILOVER_TIMEOUT_MS}`,
    ];
    writeFileSync(join(data, 'sentinel.conf'), `${settings.join('\n')}\n`);
    const process = await processes.start({
      name,
      command: 'redis-server',
      args: [join(data, 'sentinel.conf'), '--sentinel'],
      cwd: data,
    });
    const client = new Redis({ host: '127.0.0.1', port, password: SENTINEL_PASSWORD });
    client.on('error', () => undefined);
    try {
      await process.ready(async () => client.status === 'ready', FORMING_TIMEOUT_MS);
    } catch (error) {
      client.disconnect();
      await process.end();
      throw error;
    }
    return { port, process, client };
  });
}

/** Host and port of the master, as the first Sentinel says. */
async function addressOf([sentinel]: readonly Sentinel[]): Promise<readonly string[]> {
  const address = await sentinel?.client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER);
  return address as string[];
}

/** Until each Sentinel knows the others and that both replicas follow, so that any two can choose a new master. */
async function allKnown(sentinels: readonly Sentinel[]): Promise<void> {
  const isReady = async ({ client }: Sentinel) => {
    const master = fieldsOf(await client.call('SENTINEL', 'MASTER', MASTER));
    const replicas = (await client.call('SENTINEL', 'REPLICAS', MASTER)) as unknown[];
    const following = replicas.filter((replica) => fieldsOf(replica).get('master-link-status') === 'ok');
    return master.get('num-other-sentinels') === String(SENTINELS - 1) && following.length === REPLICAS;
  };
  const known = await waitUntil(
    async () => (await Promise.all(sentinels.map(isReady))).every(Boolean),
    FORMING_TIMEOUT_MS,
  );
  if (!known) throw new Error('the Sentinels did not find each other');
}

/** A reply of names and values in turn. */
function fieldsOf(reply: unknown): ReadonlyMap<string, string> {
  const words = reply as string[];
  return new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : [])));
}

function nameIn(directory: string, suffix: string | number): string {
  return `${directory.slice(directory.lastIndexOf('/') + 1)}-${suffix}`;
}
