import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { retainedName } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { Informer, type InformerOptions } from '#lib/kube/informer.ts';
import { KeyIndex } from '#lib/kube/key-index.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { type KubeObject, keyOf } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES, type Resource, SECRETS } from '#lib/kube/resource.ts';
import type { Logger } from '#lib/log/logger.ts';
import { ChildCache } from '#operator/engine/child-cache.ts';
import {
  CHILD_NAMES,
  FINALIZERS,
  LABELS,
  TENANT_KEYS,
  tenantNamespace,
} from '#operator/installation/names.ts';
import { NamedObjects } from '#operator/references/named-objects.ts';
import { homeOf } from './home-of.ts';
import { type MadeSecrets, madeSecretsOf, noteOnSecrets } from './made-secrets.ts';
import { PackedTenant } from './packed-tenant.ts';
import type { RawPhoneNumber, RawTenant, RawVoiceRuntime, RetainedRecord } from './raw-objects.ts';
import type { SharedSecret } from './secret-refusal.ts';
import { SharedSecrets } from './shared-secrets.ts';
import { TENANT_CHILD_KINDS } from './tenant-child-kinds.ts';
import { tenantIDOf } from './tenant-id.ts';
import { type KnownNamespace, trimmedNamespace, trimmedTenant } from './trimmed.ts';

type ListReason = Parameters<NonNullable<InformerOptions<KubeObject>['onRelist']>>[0];

export interface WorldOptions {
  readonly client: KubeClient;
  /** The operator's own, where shared Secrets and the records of kept rows are. */
  readonly namespace: string;
  readonly installationID: string;
  readonly log: Logger;
  readonly onList?: (kind: string, reason: ListReason) => void;
  readonly onVerified?: (kind: string, missed: number) => void;
}

const OF_SERVED: ReadonlySet<string> = new Set([FINALIZERS.tenant, FINALIZERS.data]);

/** The caches that all controllers read, and the ways they find one object from another. */
export class World {
  readonly installationID: string;
  readonly tenants: Informer<RawTenant>;
  readonly phoneNumbers: Informer<RawPhoneNumber>;
  readonly runtimes: Informer<RawVoiceRuntime>;
  /** All of them: also a namespace that is not ours can stand in a tenant's way. */
  readonly namespaces: Informer<KnownNamespace>;
  /** What the operator made in tenants' namespaces, one cache a kind; by the plural of the kind. */
  readonly children: ReadonlyMap<string, ChildCache>;
  readonly sharedSecrets: SharedSecrets;
  /** What people made, and Tenants may name. */
  readonly named: NamedObjects;
  readonly #retained: Informer<RetainedRecord>;
  readonly #namespace: string;
  readonly tenantsByID: KeyIndex<RawTenant>;
  readonly tenantsByRuntime: KeyIndex<RawTenant>;
  readonly numbersByNamespace: KeyIndex<RawPhoneNumber>;
  /** By the number that they own, E.164. */
  readonly numbersByNumber: KeyIndex<RawPhoneNumber>;

  constructor(options: WorldOptions) {
    this.installationID = options.installationID;
    const informer = <T extends KubeObject>(
      resource: Resource,
      more: Pick<InformerOptions<T>, 'select' | 'transform'> = {},
    ) =>
      new Informer<T>({
        client: options.client,
        resource,
        log: options.log,
        ...more,
        onRelist: (reason) => options.onList?.(resource.kind, reason),
        onVerified: (missed) => options.onVerified?.(resource.kind, missed),
      });
    const labelled = (label: string) => ({
      select: { namespace: options.namespace, labelSelector: `${label}=true` },
    });
    this.#namespace = options.namespace;
    this.tenants = informer<RawTenant>(TENANT, {
      transform: (tenant) =>
        new PackedTenant(trimmedTenant(tenant), this.tenants.get(keyOf(tenant.metadata))),
    });
    this.phoneNumbers = informer<RawPhoneNumber>(PHONE_NUMBER);
    this.runtimes = informer<RawVoiceRuntime>(VOICE_RUNTIME);
    this.namespaces = informer<KnownNamespace>(NAMESPACES, { transform: trimmedNamespace });
    this.#retained = informer<RetainedRecord>(CONFIG_MAPS, labelled(LABELS.retained));
    this.children = new Map(
      TENANT_CHILD_KINDS.map((kind) => {
        const { client, log } = options;
        const cache = new ChildCache({
          client,
          log,
          kind,
          names: CHILD_NAMES,
          family: LABELS.tenant,
          ...(kind.resource === SECRETS ? { owner: noteOnSecrets } : {}),
          onRelist: (reason) => options.onList?.(kind.resource.kind, reason),
          onVerified: (missed) => options.onVerified?.(kind.resource.kind, missed),
        });
        return [kind.resource.plural, cache];
      }),
    );
    this.sharedSecrets = new SharedSecrets({
      sources: informer<SharedSecret>(SECRETS, labelled(LABELS.copyToTenants)),
      copies: this.childrenOf(SECRETS),
      runtimes: this.runtimes,
      namespace: options.namespace,
    });
    this.named = new NamedObjects({
      client: options.client,
      log: options.log,
      onRelist: (kind, reason) => options.onList?.(kind, reason),
      onVerified: (kind, missed) => options.onVerified?.(kind, missed),
    });
    this.tenantsByID = new KeyIndex(this.tenants, (tenant) => tenantIDOf(this.installationID, tenant));
    this.tenantsByRuntime = new KeyIndex(this.tenants, runtimeKeyOf);
    this.numbersByNamespace = new KeyIndex(this.phoneNumbers, (number) => number.metadata.namespace);
    this.numbersByNumber = new KeyIndex(this.phoneNumbers, (number) => number.status?.number);
  }

  get informers() {
    return [
      this.tenants,
      this.phoneNumbers,
      this.runtimes,
      this.namespaces,
      this.#retained,
      this.sharedSecrets.sources,
      this.named.secrets,
      this.named.configMaps,
      ...this.children.values(),
    ] as const;
  }

  get synced(): readonly Promise<void>[] {
    return this.informers.map((informer) => informer.synced);
  }

  childrenOf(resource: Resource): ChildCache {
    const cache = this.children.get(resource.plural);
    if (cache === undefined) throw new Error(`${resource.kind} is no kind of a tenant's children`);
    return cache;
  }

  /** What the generated Secret in a tenant's namespace says of itself. */
  madeSecrets(namespace: string): MadeSecrets | undefined {
    return madeSecretsOf(this.childrenOf(SECRETS).get(`${namespace}/${TENANT_KEYS}`));
  }

  /** What is said of rows that a deleted Tenant of this id left behind; undefined where there are none. */
  retainedRows(id: string): RetainedRecord | undefined {
    return this.#retained.get(`${this.#namespace}/${retainedName(id)}`);
  }

  /** Whether a Tenant's namespace is there and was made for this id: what stands in another's is not its own. */
  hasHome({ name, id }: { readonly name: string; readonly id: string }): boolean {
    const home = homeOf(this.namespaces.get(tenantNamespace(name)));
    return home?.tenant === name && home.id === id;
  }

  /** Tells of each id whose kept rows are now there, or not any more. */
  onRetainedRows(handler: (id: string) => void): void {
    this.#retained.onChange((_key, before, after) => {
      const id = (after ?? before)?.data?.tenantID;
      if (id !== undefined) handler(id);
    });
  }

  /**
   * The Tenant that a namespace was made for; undefined for every other namespace, also for that of an
   * earlier Tenant of the name, which had another id.
   */
  tenantOfNamespace(namespace: string | undefined): RawTenant | undefined {
    const home = homeOf(namespace === undefined ? undefined : this.namespaces.get(namespace));
    const tenant = home === undefined ? undefined : this.tenants.get(home.tenant);
    if (tenant === undefined || tenantIDOf(this.installationID, tenant) !== home?.id) return undefined;
    return tenant;
  }

  /**
   * The Tenant to which an id belongs. Every other one that has it is refused. It is the one whose namespace
   * was made for this id: that outlasts a restore, which makes all Tenants new. Then the one that was served
   * already, as its finalizers show; then the oldest, by name among those of one second.
   */
  holderOfID(id: string): RawTenant | undefined {
    const claims = this.tenantsByID.keys(id).flatMap((key) => {
      const tenant = this.tenants.get(key);
      return tenant === undefined ? [] : [{ tenant, rank: this.#rank(tenant, id) }];
    });
    return claims.toSorted((a, b) => (a.rank < b.rank ? -1 : 1))[0]?.tenant;
  }

  /** The less, the better its claim to the id. */
  #rank({ metadata }: RawTenant, id: string): string {
    const { name, finalizers, creationTimestamp } = metadata;
    const hasHome = homeOf(this.namespaces.get(tenantNamespace(name)))?.id === id;
    const wasServed = finalizers?.some((one) => OF_SERVED.has(one)) === true;
    return [Number(!hasHome), Number(!wasServed), creationTimestamp, name].join(' ');
  }
}

/** The VoiceRuntime that a Tenant names, as namespace/name. */
export function runtimeKeyOf(tenant: RawTenant): string | undefined {
  const ref = tenant.spec?.['runtimeRef'] as { namespace?: string; name?: string } | undefined;
  return ref?.namespace === undefined || ref.name === undefined ? undefined : `${ref.namespace}/${ref.name}`;
}
