import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { FIELD_MANAGER, LABELS } from './names.ts';

/** The ConfigMap in the operator's namespace. Back it up: ids and purchases are derived from it. */
const CONFIG_MAP = 'veralux-installation';
const FIELD = 'installationID';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * The UUID of this installation: made once, by POST so that only one of two racing operators makes
 * it, and never made again while the ConfigMap is there. A broken one stops the operator: with
 * another id every derived tenant id would change and numbers could be bought twice.
 */
export async function ensureInstallationID(
  client: Pick<KubeClient, 'get' | 'create'>,
  namespace: string,
): Promise<string> {
  const ref = { name: CONFIG_MAP, namespace };
  const found = await client.get<ConfigMap>(CONFIG_MAPS, ref);
  if (found !== undefined) return readID(found);
  const created: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...ref, labels: { [LABELS.managedBy]: FIELD_MANAGER } },
    data: { [FIELD]: randomUUID() },
  };
  try {
    return readID(await client.create<ConfigMap>(CONFIG_MAPS, created, { fieldManager: FIELD_MANAGER }));
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    return ensureInstallationID(client, namespace);
  }
}

function readID(configMap: ConfigMap): string {
  const id = z.uuid().safeParse(configMap.data?.[FIELD]);
  if (id.success) return id.data;
  throw new OperatingError(
    'installation_id_broken',
    `The ConfigMap ${CONFIG_MAP} has no UUID under ${FIELD}. Restore it from a backup; do not delete it.`,
  );
}
