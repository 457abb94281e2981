import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Processes } from '#hack/local/processes.ts';
import { startRedis } from '#hack/local/redis.ts';
import { providedService } from './provided-service.ts';

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A fresh, empty redis-server of one test file. `args` go onto its command line. */
export async function startTestRedis(args: readonly string[] = []): Promise<TestRedis> {
  const { instance } = providedService('veraluxRedis');
  const directory = mkdtempSync(join(instance, 'data', 'redis-'));
  const name = directory.slice(directory.lastIndexOf('/') + 1);
  const { url, process } = await startRedis({ processes: new Processes(instance), directory, args, name });
  return { url, stop: () => process.end() };
}
