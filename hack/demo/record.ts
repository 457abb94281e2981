import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LocalError } from '#hack/local/local-error.ts';
import { runtimePodSchema } from './runtime-pods.ts';

/**
 * What `make up` leaves for `make call` to find: where things listen and whose number to ring. Kept in
 * the instance's data, readable by its owner alone, since it holds a password and the pods' settings.
 */
const recordSchema = z.object({
  apiURL: z.string(),
  controlURL: z.string(),
  enginesURL: z.string(),
  redisURL: z.string(),
  number: z.string(),
  tenantName: z.string(),
  email: z.string(),
  password: z.string(),
  mode: z.enum(['saas', 'onprem']),
  kubeconfigPath: z.string(),
  kubectlPath: z.string(),
  pods: z.array(runtimePodSchema).readonly(),
  logs: z.string(),
});

export type HouseRecord = z.output<typeof recordSchema>;

export function writeRecord(directory: string, record: HouseRecord): void {
  writeFileSync(join(directory, 'house.json'), JSON.stringify(record, null, 2), { mode: 0o600 });
}

/** Throws a LocalError where nothing runs. */
export function readRecord(directory: string): HouseRecord {
  let text: string;
  try {
    text = readFileSync(join(directory, 'house.json'), 'utf8');
  } catch (cause) {
    throw new LocalError('nothing_running', 'Nothing is running here: start it with "make up".', { cause });
  }
  return recordSchema.parse(JSON.parse(text));
}
