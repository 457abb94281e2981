import { TENANT } from '#crds/tenant/tenant.ts';
import { Informer } from '#lib/kube/informer.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { inParallel } from '../../raw-pool.ts';
import { EventDelays } from './event-delays.ts';
import type { LoadResult, LoadTask } from './load-task.ts';

type Measured = Pick<LoadResult, 'tookMs' | 'delaysMs'>;

/** Our client and informer under a load. */
export async function measureOurs(task: LoadTask): Promise<Measured> {
  const client = new KubeClient({ config: loadKubeConfig(task.kubeconfigPath), userAgent: 'veralux-bench' });
  const fail = (error: unknown) => {
    throw error;
  };
  const { namespace } = task;
  const beganAtMs = performance.now();
  if (task.load === 'list') {
    const informer = new Informer<KubeObject>({ client, resource: TENANT, log: silentLogger });
    await informer.start(fail);
    await informer.synced;
    return { tookMs: performance.now() - beganAtMs };
  }
  if (task.load === 'watch') {
    const delays = new EventDelays(task.count);
    const informer = new Informer<KubeObject & { readonly data?: Readonly<Record<string, string>> }>({
      client,
      resource: CONFIG_MAPS,
      log: silentLogger,
      select: { namespace },
    });
    informer.onChange((_key, _before, after) => after && delays.seen(after));
    await informer.start(fail);
    await informer.synced;
    return delays.collect(task.readyPath);
  }
  await inParallel(task.count, task.inFlight, async () => {
    await client.get(CONFIG_MAPS, { name: 'kube-root-ca.crt', namespace });
  });
  return { tookMs: performance.now() - beganAtMs };
}
