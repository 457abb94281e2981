import { Informer, type InformerOptions, type ListReason } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { type KubeObject, refOf } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, type Resource, SECRETS } from '#lib/kube/resource.ts';
import type { Logger } from '#lib/log/logger.ts';
import { FIELD_MANAGER, LABELS } from '#operator/installation/names.ts';

export interface NamedObjectsOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly onRelist: (kind: string, reason: ListReason) => void;
  readonly onVerified: (kind: string, missed: number) => void;
}

/** What the operator makes is watched elsewhere. */
const NOT_OURS = `${LABELS.managedBy}!=${FIELD_MANAGER}`;

/**
 * The Secrets and ConfigMaps that people make, wherever: that one is there, and when it changed, and nothing of
 * what is in it. Tenants name some of them, which are read when they are needed. One watch a kind sees those of
 * ten thousand namespaces.
 */
export class NamedObjects {
  readonly secrets: Informer<KubeObject>;
  readonly configMaps: Informer<KubeObject>;

  constructor({ client, log, onRelist, onVerified }: NamedObjectsOptions) {
    const informer = (resource: Resource, fieldSelector: string) =>
      new Informer<KubeObject>({
        client: metadataOf(client),
        resource,
        select: { labelSelector: NOT_OURS, fieldSelector },
        log,
        transform: bare,
        onRelist: (reason) => onRelist(resource.kind, reason),
        onVerified: (missed) => onVerified(resource.kind, missed),
      });
    // Helm keeps its releases as Secrets; the cluster puts its own certificate into each namespace.
    this.secrets = informer(SECRETS, 'type!=helm.sh/release.v1');
    this.configMaps = informer(CONFIG_MAPS, 'metadata.name!=kube-root-ca.crt');
  }

  /** Tells of each Secret that was made, changed or deleted. */
  onSecret(handler: (namespace: string, name: string) => void): void {
    tell(this.secrets, handler);
  }

  /** The same of ConfigMaps. */
  onConfigMap(handler: (namespace: string, name: string) => void): void {
    tell(this.configMaps, handler);
  }
}

function tell(informer: Informer<KubeObject>, handler: (namespace: string, name: string) => void): void {
  informer.onChange((key, _before, _after, origin) => {
    const { namespace = '', name } = refOf(key);
    if (origin !== 'Initial') handler(namespace, name);
  });
}

/** Reads metadata wherever an informer would read whole objects. */
function metadataOf(client: KubeClient): InformerOptions<KubeObject>['client'] {
  return {
    listPage: (resource, options) => client.listMetadataPage(resource, options) as never,
    listMetadataPage: (resource, options) => client.listMetadataPage(resource, options),
    watch: (resource, options) => client.watch(resource, { ...options, metadataOnly: true }),
  };
}

function bare({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } };
}
