import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onFreePorts } from './free-port.ts';
import type { Processes, RunningProcess } from './processes.ts';

const READY_TIMEOUT_MS = 10_000;

export interface RedisOptions {
  readonly processes: Processes;
  /** Where it keeps its append-only file; made where it is missing. */
  readonly directory: string;
  /** Further settings, as on redis-server's command line. */
  readonly args?: readonly string[];
  readonly name?: string;
  /** Asked of clients, and said to a master. */
  readonly password?: string;
  /** A server of a Cluster, which has no slots yet. */
  readonly isClustered?: boolean;
}

export interface LocalRedis {
  readonly url: string;
  readonly port: number;
  /** Where the other servers of a Cluster reach it. */
  readonly busPort: number;
  readonly process: RunningProcess;
}

/** Starts redis-server on loopback as we run it in production: append-only file on, `noeviction`. */
export async function startRedis(options: RedisOptions): Promise<LocalRedis> {
  const { name = 'redis', password, isClustered = false } = options;
  const data = join(options.directory, name);
  mkdirSync(data, { recursive: true });
  return onFreePorts(2, async ([port = 0, busPort = 0]) => {
    const settings = {
      port: String(port),
      bind: '127.0.0.1',
      dir: data,
      appendonly: 'yes',
      'maxmemory-policy': 'noeviction',
      save: '',
      daemonize: 'no',
      ...(password === undefined ? {} : { requirepass: password, masterauth: password }),
      ...(isClustered ? { 'cluster-enabled': 'yes', 'cluster-port': String(busPort) } : {}),
    };
    const args = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
    const server = await options.processes.start({
      name,
      command: 'redis-server',
      args: [...args, ...(options.args ?? [])],
      cwd: data,
    });
    const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
    try {
      await server.ready(() => answers(url), READY_TIMEOUT_MS);
    } catch (error) {
      await server.end();
      throw error;
    }
    return { url, port, busPort, process: server };
  });
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
