import type { Clock } from '#lib/clock/clock.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { pingRedis } from '#lib/redis/servers.ts';
import type { Database } from '../database/database.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Dependency } from './dependency-watch.ts';

/** Bookmarks of the watch come about once a minute; after two and a half without any it is begun anew. */
const INFORMER_STALE_MS = 180_000;

/** Postgres, Redis, the informer of Tenants and, where there is one, the mail server, as the watch checks them. */
export function dependenciesOf(
  stores: {
    readonly database: Pick<Database, 'query'>;
    readonly redis: Redis;
    readonly mailer: Pick<Mailer, 'server'> | undefined;
  },
  informer: Pick<Informer<KubeObject>, 'hasSynced' | 'heardAtMs'>,
  clock: Clock,
): readonly Dependency[] {
  const now = () => clock.monotonic();
  const asked = { staleAfterMs: 10_000 };
  const { mailer } = stores;
  return [
    { name: 'postgres', check: () => stores.database.query('SELECT 1').then(now), ...asked },
    { name: 'redis', check: () => pingRedis(stores.redis).then(now), ...asked },
    {
      name: 'informer',
      staleAfterMs: INFORMER_STALE_MS,
      check: async () => {
        const { heardAtMs } = informer;
        if (!informer.hasSynced || heardAtMs === undefined) {
          throw new Error('the Tenant resources have not been listed yet');
        }
        return heardAtMs;
      },
    },
    ...(mailer === undefined ? [] : [mailDependency(mailer)]),
  ];
}

/** It is not asked for this: how it took the last mail says it. One that is seldom needed is not stale for that. */
function mailDependency(mailer: Pick<Mailer, 'server'>): Dependency {
  return {
    name: 'mail',
    staleAfterMs: Number.POSITIVE_INFINITY,
    check: async () => {
      const { failure, heardAtMs } = mailer.server;
      if (failure !== undefined) throw failure;
      return heardAtMs;
    },
  };
}
