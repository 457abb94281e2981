import { Informer, type InformerOptions } from '#lib/kube/informer.ts';
import { KeyIndex } from '#lib/kube/key-index.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject, ObjectMeta } from '#lib/kube/kube-object.ts';
import { DEPLOYMENTS, PERSISTENT_VOLUME_CLAIMS, PODS, type Resource } from '#lib/kube/resource.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type CachedChild, ChildCache } from '#operator/engine/child-cache.ts';
import { CHILD_NAMES } from '#operator/installation/names.ts';
import { RUNTIME_CHILD_KINDS } from './child-kinds.ts';
import type { ClaimObject } from './engines/engine-plan.ts';
import { SECRETS_DIGEST } from './pod-template.ts';
import { POD_MARKS, RUNTIME_CHILDREN_SELECTOR, RUNTIME_FAMILY, RUNTIME_LABELS } from './runtime-names.ts';
import type { DeploymentObject, PodObject } from './workload.ts';

type ListReason = Parameters<NonNullable<InformerOptions<KubeObject>['onRelist']>>[0];

export interface RuntimeWorldOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly onList?: (kind: string, reason: ListReason) => void;
  readonly onVerified?: (kind: string, missed: number) => void;
}

/** A cache as those see it that start it and wait for it. */
export interface SyncingService extends Service {
  readonly hasSynced: boolean;
  readonly synced: Promise<void>;
}

/** One of a runtime's children in the cache. */
export interface KnownChild {
  readonly cache: ChildCache;
  readonly child: CachedChild;
}

/**
 * What Managed VoiceRuntimes are made of, as the cluster has it: digests of all children, and of
 * Deployments, pods and volumes what their state is read from.
 */
export class RuntimeWorld {
  readonly deployments: Informer<DeploymentObject>;
  readonly pods: Informer<PodObject>;
  readonly #claims: Informer<ClaimObject>;
  readonly #children: readonly { readonly cache: ChildCache; readonly byRuntime: KeyIndex<CachedChild> }[];
  readonly #podsByRuntime: KeyIndex<PodObject>;
  readonly #deploymentsByRuntime: KeyIndex<DeploymentObject>;
  readonly #claimsByRuntime: KeyIndex<ClaimObject>;

  constructor({ client, log, onList, onVerified }: RuntimeWorldOptions) {
    const told = (kind: string) => ({
      onRelist: (reason: ListReason) => onList?.(kind, reason),
      onVerified: (missed: number) => onVerified?.(kind, missed),
    });
    const select = { labelSelector: RUNTIME_CHILDREN_SELECTOR };
    this.deployments = new Informer<DeploymentObject>({
      client,
      log,
      select,
      resource: DEPLOYMENTS,
      transform: bareDeployment,
      ...told('Deployment'),
    });
    this.pods = new Informer<PodObject>({
      client,
      log,
      select,
      resource: PODS,
      transform: barePod,
      ...told('Pod'),
    });
    this.#claims = new Informer<ClaimObject>({
      client,
      log,
      select,
      resource: PERSISTENT_VOLUME_CLAIMS,
      transform: bareClaim,
      ...told('PersistentVolumeClaim'),
    });
    this.#claimsByRuntime = new KeyIndex(this.#claims, ({ metadata }) => runtimeOf(metadata));
    this.#podsByRuntime = new KeyIndex(this.pods, ({ metadata }) => runtimeOf(metadata));
    this.#deploymentsByRuntime = new KeyIndex(this.deployments, ({ metadata }) => runtimeOf(metadata));
    this.#children = RUNTIME_CHILD_KINDS.map((kind) => {
      const cache = new ChildCache({
        client,
        log,
        kind,
        names: CHILD_NAMES,
        family: RUNTIME_FAMILY,
        owner: runtimeOf,
        ...told(kind.resource.kind),
      });
      return { cache, byRuntime: new KeyIndex(cache, ({ owner }) => owner) };
    });
  }

  get informers(): readonly SyncingService[] {
    return [this.deployments, this.pods, this.#claims, ...this.#children.map(({ cache }) => cache)];
  }

  /** Calls back with the key of each VoiceRuntime whose children or pods somebody else changed. */
  onChange(enqueue: (runtime: string) => void): void {
    const { deployments, pods } = this;
    for (const informer of [deployments, pods]) {
      informer.onChange((_key, before, after, origin) => {
        const runtime = runtimeOf((after ?? before)?.metadata);
        if (runtime !== undefined && origin !== 'Own') enqueue(runtime);
      });
    }
    for (const { cache } of this.#children) {
      cache.onChange((_key, before, after, origin) => {
        const runtime = (after ?? before)?.owner;
        if (runtime !== undefined && origin !== 'Own') enqueue(runtime);
      });
    }
  }

  cacheOf(resource: Resource): ChildCache {
    const found = this.#children.find(({ cache }) => cache.kind.resource.kind === resource.kind);
    if (found === undefined) throw new Error(`${resource.kind} is no kind of a runtime's children`);
    return found.cache;
  }

  /** All children made for a VoiceRuntime, by its key. */
  childrenOf(runtime: string): readonly KnownChild[] {
    return this.#children.flatMap(({ cache, byRuntime }) =>
      byRuntime.keys(runtime).flatMap((key) => {
        const child = cache.get(key);
        return child === undefined ? [] : { cache, child };
      }),
    );
  }

  deploymentsOf(runtime: string): readonly DeploymentObject[] {
    return this.#deploymentsByRuntime.keys(runtime).flatMap((key) => this.deployments.get(key) ?? []);
  }

  claimsOf(runtime: string): readonly ClaimObject[] {
    return this.#claimsByRuntime.keys(runtime).flatMap((key) => this.#claims.get(key) ?? []);
  }

  podsOf(runtime: string): readonly PodObject[] {
    return this.#podsByRuntime.keys(runtime).flatMap((key) => this.pods.get(key) ?? []);
  }
}

/** The VoiceRuntime that an object was made for, as namespace/name. */
function runtimeOf(metadata: ObjectMeta | undefined): string | undefined {
  const name = metadata?.labels?.[RUNTIME_LABELS.runtime];
  return name === undefined ? undefined : `${metadata?.namespace ?? ''}/${name}`;
}

/** A Deployment's size and state, and the digest of the Secrets that its pods were made with. */
function bareDeployment({ apiVersion, kind, metadata, spec, status }: DeploymentObject): DeploymentObject {
  const template = spec?.['template'] as { metadata?: ObjectMeta } | undefined;
  const digest = template?.metadata?.annotations?.[SECRETS_DIGEST];
  const { observedGeneration, replicas, readyReplicas, updatedReplicas, availableReplicas, conditions } =
    status ?? {};
  return {
    apiVersion,
    kind,
    metadata: { ...bareMeta(metadata), generation: metadata.generation },
    spec: { replicas: spec?.replicas },
    ...(digest === undefined ? {} : { secretsDigest: digest }),
    status: {
      observedGeneration,
      replicas,
      readyReplicas,
      updatedReplicas,
      availableReplicas,
      conditions: conditions?.map(({ type, status: is, reason, message }) => ({
        type,
        status: is,
        reason,
        message,
      })),
    },
  };
}

function barePod({ apiVersion, kind, metadata, status }: PodObject): PodObject {
  const { phase, conditions, containerStatuses = [] } = status ?? {};
  const initContainers = (status as { initContainerStatuses?: typeof containerStatuses } | undefined)
    ?.initContainerStatuses;
  return {
    apiVersion,
    kind,
    metadata: bareMeta(metadata),
    status: {
      phase,
      conditions: conditions?.flatMap(({ type, status: is, reason, message }) =>
        type === 'PodScheduled' || type === 'Ready' ? { type, status: is, reason, message } : [],
      ),
      containerStatuses: [...(initContainers ?? []), ...containerStatuses].map(
        ({ name, ready, started, restartCount, state, lastState }) => ({
          name,
          ready,
          started,
          restartCount,
          state,
          lastState,
        }),
      ),
    },
  };
}

/** What a volume was asked to be. */
function bareClaim({ apiVersion, kind, metadata, spec }: ClaimObject): ClaimObject {
  const { accessModes, storageClassName, resources } = spec ?? {};
  return {
    apiVersion,
    kind,
    metadata: bareMeta(metadata),
    spec: { accessModes, storageClassName, resources },
  };
}

function bareMeta(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, labels, annotations } = metadata;
  const kept = [POD_MARKS.safeToEvict, POD_MARKS.deletionCost].flatMap((mark) => {
    const value = annotations?.[mark];
    return value === undefined ? [] : [[mark, value] as const];
  });
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    deletionTimestamp,
    labels,
    annotations: Object.fromEntries(kept),
  };
}
