/** One child, what is wanted of it, and the writes that both a new child and one made anew need. */
import type { Applied, KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject, ObjectMeta, ObjectRef } from '#lib/kube/kube-object.ts';
import { apiVersionOf } from '#lib/kube/resource.ts';
import type { ChildCache, Wanted } from './child-cache.ts';
import { type ChildMeta, digestOf, isOurReference, isOurs, ownedPart } from './child-kind.ts';

export type ChildClient = Pick<KubeClient, 'get' | 'create' | 'apply' | 'mergePatch' | 'delete' | 'post'>;

export interface EnsureChildRequest {
  readonly client: ChildClient;
  readonly cache: ChildCache;
  /**
   * The child whole, with what the API server would default written out, and with the label that marks
   * what is ours. Labels and annotations have to begin with one of the cache's prefixes, and owners to be
   * of its group where it has one.
   */
  readonly desired: Applied;
  /** Whether it was made before: a child that is missing then was deleted by somebody. */
  readonly wasThere?: boolean;
  readonly signal?: AbortSignal;
}

export interface ChildWork extends EnsureChildRequest {
  readonly ref: ObjectRef;
  readonly wanted: Wanted;
  /** The desired object with the digest in its annotation. */
  readonly stamped: Applied;
}

export function childWorkOf(request: EnsureChildRequest): ChildWork {
  const { cache, desired } = request;
  const { names, kind } = cache;
  const { name, namespace } = desired.metadata;
  const metadata = desired.metadata as ChildMeta;
  const refuse = (why: string): never => {
    throw new Error(`${kind.resource.kind} ${name}: ${why}`);
  };
  for (const key of [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})]) {
    if (!isOurs(names, key)) refuse(`${key} has none of our prefixes`);
  }
  if (metadata.labels?.[names.managedBy.label] !== names.managedBy.value) {
    refuse('it is wanted without the label that marks what is ours');
  }
  const owners = names.ownerGroup === undefined ? [] : (metadata.ownerReferences ?? []);
  if (!owners.every((owner) => isOurReference(names, owner))) refuse('an owner is not of our group');
  const part = ownedPart(kind, names, desired, metadata);
  const digest = digestOf(part);
  const annotations = { ...metadata.annotations, [names.appliedDigest]: digest };
  return {
    ...request,
    ref: namespace === undefined ? { name } : { name, namespace },
    wanted: { part, digest },
    stamped: { ...desired, metadata: { ...desired.metadata, annotations } },
  };
}

/** Throws a KubeError, `AlreadyExists` where the name is taken. */
export async function createChild(work: ChildWork): Promise<void> {
  const { client, cache, wanted, signal } = work;
  const { fieldManager } = cache.names;
  const options = signal === undefined ? { fieldManager } : { fieldManager, signal };
  cache.take(await client.create<KubeObject>(cache.kind.resource, objectOf(work), options), wanted);
}

/** The desired object as POST is given it. */
export function objectOf({ cache, stamped }: ChildWork): KubeObject {
  const { resource } = cache.kind;
  const { name, namespace } = stamped.metadata;
  const metadata: ObjectMeta = { ...stamped.metadata, name, namespace };
  return { ...stamped, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
}
