import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { TENANT } from '#crds/tenant/tenant.ts';
import { collectionPath } from '#lib/kube/resource.ts';
import { inParallel } from '../../raw-pool.ts';
import { EventDelays } from './event-delays.ts';
import type { LoadResult, LoadTask } from './load-task.ts';

/** The client and informer of @kubernetes/client-node as they come, used as its documentation does. */
export async function measureStock(task: LoadTask): Promise<Pick<LoadResult, 'tookMs' | 'delaysMs'>> {
  const config = new KubeConfig();
  config.loadFromFile(task.kubeconfigPath);
  const { namespace } = task;
  const beganAtMs = performance.now();
  if (task.load === 'list') {
    const api = config.makeApiClient(CustomObjectsApi);
    const list = async () =>
      (await api.listClusterCustomObject(TENANT)) as KubernetesListObject<KubernetesObject>;
    await makeInformer(config, collectionPath(TENANT), list).start();
    return { tookMs: performance.now() - beganAtMs };
  }
  const api = config.makeApiClient(CoreV1Api);
  if (task.load === 'watch') {
    const delays = new EventDelays(task.count);
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const informer = makeInformer<V1ConfigMap>(config, path, () =>
      api.listNamespacedConfigMap({ namespace }),
    );
    informer.on('add', (configMap) => delays.seen(configMap));
    await informer.start();
    return delays.collect(task.readyPath);
  }
  await inParallel(task.count, task.inFlight, async () => {
    await api.readNamespacedConfigMap({ name: 'kube-root-ca.crt', namespace });
  });
  return { tookMs: performance.now() - beganAtMs };
}
