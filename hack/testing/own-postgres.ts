import { randomBytes } from 'node:crypto';
import { Instance } from '#hack/local/instance.ts';
import { type LocalPostgres, startPostgres } from '#hack/local/postgres.ts';

export interface OwnPostgres extends LocalPostgres {
  stop(): Promise<void>;
}

/** A server of one test file's own, which may end it: the one that the run shares has other users. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const instance = await Instance.open(`test-${process.pid}-${randomBytes(4).toString('hex')}`);
  instance.endAfterExit();
  const postgres = await startPostgres({ instance, fsync: false });
  return { ...postgres, stop: () => instance.remove() };
}
