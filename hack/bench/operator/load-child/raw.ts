import { inParallel, RawPool } from '../../raw-pool.ts';
import type { LoadResult, LoadTask } from './load-task.ts';

/** A bare pool under the load of GETs: what the machine gives at most. */
export async function measureRaw(task: LoadTask): Promise<Pick<LoadResult, 'tookMs'>> {
  const pool = new RawPool(task.kubeconfigPath, task.inFlight);
  const path = `/api/v1/namespaces/${task.namespace}/configmaps/kube-root-ca.crt`;
  const beganAtMs = performance.now();
  await inParallel(task.count, task.inFlight, async () => {
    await pool.send({ method: 'GET', path });
  });
  const tookMs = performance.now() - beganAtMs;
  await pool.close();
  return { tookMs };
}
