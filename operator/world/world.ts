import type { PhoneNumberStatus } from '#crds/phone-number/phone-number.ts';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT, type TenantStatus } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME, type VoiceRuntimeStatus } from '#crds/voice-runtime/voice-runtime.ts';
import { Informer } from '#lib/kube/informer.ts';
import { KeyIndex } from '#lib/kube/key-index.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { NAMESPACES, type Resource, SERVICE_ACCOUNTS } from '#lib/kube/resource.ts';
import type { Logger } from '#lib/log/logger.ts';
import { FIELD_MANAGER, LABELS, MANAGED_SELECTOR } from '#operator/installation/names.ts';
import { tenantIDOf } from './tenant-id.ts';

/** An object of ours as it comes from the API server: its spec is parsed where it is used. */
export interface Raw<Status> extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>> | undefined;
  readonly status?: Status | undefined;
}

export type RawTenant = Raw<TenantStatus>;
export type RawPhoneNumber = Raw<PhoneNumberStatus>;
export type RawVoiceRuntime = Raw<VoiceRuntimeStatus>;

export interface WorldOptions {
  readonly client: KubeClient;
  readonly installationID: string;
  readonly log: Logger;
  readonly onList?: (kind: string, reason: 'Start' | 'Expired') => void;
}

/** The caches that all controllers read, and the ways they find one object from another. */
export class World {
  readonly installationID: string;
  readonly tenants: Informer<RawTenant>;
  readonly phoneNumbers: Informer<RawPhoneNumber>;
  readonly runtimes: Informer<RawVoiceRuntime>;
  /** All of them: also a namespace that is not ours can stand in a tenant's way. */
  readonly namespaces: Informer<KubeObject>;
  readonly serviceAccounts: Informer<KubeObject>;
  readonly tenantsByID: KeyIndex<RawTenant>;
  readonly tenantsByRuntime: KeyIndex<RawTenant>;
  readonly numbersByNamespace: KeyIndex<RawPhoneNumber>;

  constructor(options: WorldOptions) {
    this.installationID = options.installationID;
    const informer = <T extends KubeObject>(
      resource: Resource,
      more: { labelSelector?: string; transform?: (object: T) => T } = {},
    ) =>
      new Informer<T>({
        client: options.client,
        resource,
        log: options.log,
        ...(more.labelSelector === undefined ? {} : { select: { labelSelector: more.labelSelector } }),
        ...(more.transform === undefined ? {} : { transform: more.transform }),
        onRelist: (reason) => options.onList?.(resource.kind, reason),
      });
    this.tenants = informer<RawTenant>(TENANT);
    this.phoneNumbers = informer<RawPhoneNumber>(PHONE_NUMBER);
    this.runtimes = informer<RawVoiceRuntime>(VOICE_RUNTIME);
    this.namespaces = informer<KubeObject>(NAMESPACES, { transform: bare });
    this.serviceAccounts = informer<KubeObject>(SERVICE_ACCOUNTS, { labelSelector: MANAGED_SELECTOR });
    this.tenantsByID = new KeyIndex(this.tenants, (tenant) => tenantIDOf(this.installationID, tenant));
    this.tenantsByRuntime = new KeyIndex(this.tenants, runtimeKeyOf);
    this.numbersByNamespace = new KeyIndex(this.phoneNumbers, (number) => number.metadata.namespace);
  }

  get informers() {
    return [this.tenants, this.phoneNumbers, this.runtimes, this.namespaces, this.serviceAccounts] as const;
  }

  get synced(): readonly Promise<void>[] {
    return this.informers.map((informer) => informer.synced);
  }

  /** The Tenant that a namespace was made for; undefined for every other namespace. */
  tenantOfNamespace(namespace: string | undefined): RawTenant | undefined {
    const labels = namespace === undefined ? undefined : this.namespaces.get(namespace)?.metadata.labels;
    if (labels?.[LABELS.managedBy] !== FIELD_MANAGER) return undefined;
    const name = labels[LABELS.tenant];
    return name === undefined ? undefined : this.tenants.get(name);
  }

  /**
   * The Tenant to which an id belongs: the oldest that has it, by name among those of one second.
   * Every other one is refused.
   */
  holderOfID(id: string): RawTenant | undefined {
    return this.tenantsByID
      .keys(id)
      .map((key) => this.tenants.get(key))
      .filter((tenant) => tenant !== undefined)
      .toSorted((a, b) => age(a).localeCompare(age(b)))[0];
  }
}

/** The VoiceRuntime that a Tenant names, as namespace/name. */
export function runtimeKeyOf(tenant: RawTenant): string | undefined {
  const ref = tenant.spec?.['runtimeRef'] as { namespace?: string; name?: string } | undefined;
  return ref?.namespace === undefined || ref.name === undefined ? undefined : `${ref.namespace}/${ref.name}`;
}

function age(object: KubeObject): string {
  return `${object.metadata.creationTimestamp ?? ''} ${object.metadata.name}`;
}

/** Only what is read of a namespace is kept. */
function bare(object: KubeObject): KubeObject {
  const { name, uid, resourceVersion, labels, annotations, deletionTimestamp } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { name, uid, resourceVersion, labels, annotations, deletionTimestamp },
  };
}
