import { DATA_FINALIZER, TENANT_FINALIZER } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { silentLogger } from '#lib/log/logger.ts';

/** Where no API server of ours runs: lets a deleted Tenant go as it would, once the operator has. */
export async function startDataRecorder(client: KubeClient): Promise<{ stop(): Promise<void> }> {
  const tenants = new Informer<KubeObject>({ client, resource: TENANT, log: silentLogger });
  const pending = new Set<Promise<void>>();
  tenants.onChange((_key, _before, after) => {
    const finalizers = after?.metadata.finalizers ?? [];
    if (after?.metadata.deletionTimestamp === undefined || !finalizers.includes(DATA_FINALIZER)) return;
    if (finalizers.includes(TENANT_FINALIZER)) return;
    const release = letGo(client, after).finally(() => pending.delete(release));
    pending.add(release);
  });
  await tenants.start(() => undefined);
  await tenants.synced;
  return {
    async stop() {
      await tenants.stop();
      await Promise.all(pending);
    },
  };
}

async function letGo(client: KubeClient, { metadata }: KubeObject): Promise<void> {
  const { name, uid, finalizers = [] } = metadata;
  const rest = finalizers.filter((one) => one !== DATA_FINALIZER);
  try {
    await client.mergePatch(
      TENANT,
      { name },
      { metadata: { uid, finalizers: rest } },
      { fieldManager: 'veralux-apiserver' },
    );
  } catch (error) {
    // It is gone already, let go by the test itself.
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
