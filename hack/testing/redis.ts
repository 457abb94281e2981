import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { isPortFree } from '#hack/local/free-port.ts';
import { Processes, type RunningProcess } from '#hack/local/processes.ts';
import { startRedis } from '#hack/local/redis.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { providedService } from './provided-service.ts';

export interface TestRedis {
  readonly url: string;
  /** Kills it; with what it had acknowledged, it comes back at the same address by `restart`. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Kills it; an empty one takes its place at the same address. */
  restartEmpty(): Promise<void>;
  /** Begins a replica, which follows until it is cut off; what is written then is lost by `failOver`. */
  replicate(): Promise<TestReplica>;
  stop(): Promise<void>;
}

export interface TestReplica {
  /** From now on it hears of no write. */
  cutOff(): Promise<void>;
  /** Kills the first server and puts the replica in its place, at the same address. */
  failOver(): Promise<void>;
}

const SYNC_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 10_000;

interface Server {
  readonly url: string;
  readonly process: RunningProcess;
  /** Where its data is. */
  readonly directory: string;
}

/** A fresh, empty redis-server of one test file. `args` go onto its command line. */
export async function startTestRedis(args: readonly string[] = []): Promise<TestRedis> {
  return startRedisIn(providedService('veraluxRedis').instance, args);
}

/** The same in the folder of an instance, for what is no test. */
export async function startRedisIn(instance: string, args: readonly string[] = []): Promise<TestRedis> {
  const processes = new Processes(instance);
  const startOne = async (directory = mkdtempSync(join(instance, 'data', 'redis-'))): Promise<Server> => {
    const name = directory.slice(directory.lastIndexOf('/') + 1);
    return { ...(await startRedis({ processes, directory, args, name })), directory };
  };
  let { url, process, directory } = await startOne();
  const replace = async (next: Server) => {
    await process.kill();
    ({ process, directory } = next);
    // The port is let go of a moment after the end is seen.
    await waitUntil(() => isPortFree(Number(new URL(url).port)), END_TIMEOUT_MS);
    await tell(next.url, [['config', 'set', 'port', new URL(url).port]]);
  };
  return {
    url,
    kill: () => process.kill(),
    async restart() {
      await process.kill();
      await replace(await startOne(directory));
    },
    restartEmpty: async () => replace(await startOne()),
    async replicate() {
      const replica = await startOne();
      await tell(replica.url, [['replicaof', '127.0.0.1', new URL(url).port]]);
      await waitUntil(
        async () => (await tell(replica.url, [['info', 'replication']])).includes('link_status:up'),
        SYNC_TIMEOUT_MS,
      );
      const cutOff = async () => void (await tell(replica.url, [['replicaof', 'no', 'one']]));
      return { cutOff, failOver: () => replace(replica) };
    },
    stop: () => process.end(),
  };
}

/** Runs commands one after another; resolves to the last reply as text. */
async function tell(url: string, commands: readonly (readonly [string, ...string[]])[]): Promise<string> {
  const client = new Redis(url, { maxRetriesPerRequest: 1 });
  // The command that was to be carried out fails with it.
  client.on('error', () => undefined);
  try {
    let reply: unknown;
    for (const [command, ...args] of commands) reply = await client.call(command, ...args);
    return String(reply);
  } finally {
    client.disconnect();
  }
}
