import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Applied, KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { type KubeObject, keyOf, type ObjectMeta, type ObjectRef } from '#lib/kube/kube-object.ts';
import { apiVersionOf, collectionPath } from '#lib/kube/resource.ts';
import { type CachedChild, type ChildCache, isAltered } from './child-cache.ts';
import { type ChildMeta, digestOf, type Fields, isOurs, ownedPart } from './child-kind.ts';
import { prunePatch } from './prune-patch.ts';

export type ChildClient = Pick<KubeClient, 'get' | 'create' | 'apply' | 'mergePatch' | 'delete' | 'post'>;

export interface EnsureChildRequest {
  readonly client: ChildClient;
  readonly cache: ChildCache;
  /**
   * The child whole, with what the API server would default written out, and with the label that marks
   * what is ours. Labels and annotations have to begin with one of the cache's prefixes.
   */
  readonly desired: Applied;
  /** Whether it was made before: a child that is missing then was deleted by somebody. */
  readonly wasThere?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * `Created`: it was missing. `Restored`: missing although it was made before. `Updated`: only what we
 * want has changed. `Corrected`: somebody had changed it. `Terminating`: it is being deleted and
 * nothing was done; its end comes as a change.
 */
export type ChildOutcome = 'Unchanged' | 'Created' | 'Restored' | 'Updated' | 'Corrected' | 'Terminating';

export interface ChildResult {
  readonly outcome: ChildOutcome;
  /** The field manager that had changed it: `kubectl-edit`. Who only removed fields leaves no trace. */
  readonly changedBy?: string;
}

/** An object of the name that we want is there, and we did not make it. It is left alone. */
export class ForeignObject extends OperatingError {
  constructor(kind: string, ref: ObjectRef) {
    super('foreign_object', `${kind} ${keyOf(ref)} exists and was not made by this operator.`);
  }
}

interface Work extends EnsureChildRequest {
  readonly ref: ObjectRef;
  readonly wanted: string;
  /** The desired object with the digest in its annotation. */
  readonly stamped: Applied;
}

/**
 * Brings one child to what is wanted: no request where its digest says so, otherwise at most an apply
 * and a patch that removes what others added. A field that may not be changed has the child made anew.
 * Throws ForeignObject, and KubeErrors: `Conflict` when the cache was behind.
 */
export async function ensureChild(request: EnsureChildRequest): Promise<ChildResult> {
  const work = prepare(request);
  const known = request.cache.get(keyOf(work.ref));
  return known === undefined ? createOrTakeUp(work) : bringTo(work, known);
}

function prepare(request: EnsureChildRequest): Work {
  const { cache, desired } = request;
  const { names, kind } = cache;
  const { name, namespace } = desired.metadata;
  const metadata = desired.metadata as ChildMeta;
  for (const key of [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})]) {
    if (!isOurs(names, key))
      throw new Error(`${kind.resource.kind} ${name}: ${key} has none of our prefixes`);
  }
  if (metadata.labels?.[names.managedBy.label] !== names.managedBy.value) {
    throw new Error(`${kind.resource.kind} ${name} is wanted without the label that marks what is ours`);
  }
  const wanted = digestOf(ownedPart(kind, names, desired, metadata));
  const annotations = { ...metadata.annotations, [names.appliedDigest]: wanted };
  return {
    ...request,
    ref: namespace === undefined ? { name } : { name, namespace },
    wanted,
    stamped: { ...desired, metadata: { ...desired.metadata, annotations } },
  };
}

async function createOrTakeUp(work: Work): Promise<ChildResult> {
  const { client, cache, ref, wasThere, signal } = work;
  const { resource } = cache.kind;
  try {
    await create(work);
    return { outcome: wasThere === true ? 'Restored' : 'Created' };
  } catch (error) {
    if (!(error instanceof KubeError && error.reason === 'AlreadyExists')) throw error;
    // The cache is behind, somebody took the label away that it is selected by, or it is a stranger's.
    const found = await client.get(resource, ref, signal);
    if (found === undefined) throw error;
    if (!isMadeByUs(work, found.metadata)) throw new ForeignObject(resource.kind, ref);
    return bringTo(work, cache.trim(found));
  }
}

async function bringTo(work: Work, known: CachedChild): Promise<ChildResult> {
  if (known.metadata.deletionTimestamp !== undefined) return { outcome: 'Terminating' };
  if (work.cache.isAsWanted(known, work.wanted)) return { outcome: 'Unchanged' };
  const outcome = wasCorrected(known, work.wanted) ? 'Corrected' : 'Updated';
  try {
    await applyAndPrune(work, known);
  } catch (error) {
    if (!(error instanceof KubeError && error.reason === 'Invalid')) throw error;
    if (!(await makeAnew(work, known, error))) return { outcome: 'Terminating' };
  }
  if (outcome === 'Updated' || known.changedBy === undefined) return { outcome };
  return { outcome, changedBy: known.changedBy };
}

/** Without the annotation (removed, or made by an older release) only the difference itself can tell. */
function wasCorrected(known: CachedChild, wanted: string): boolean {
  return known.appliedDigest === undefined ? known.digest !== wanted : isAltered(known);
}

/** The uid keeps the apply from taking over, or making, another object of the name. */
async function applyAndPrune(work: Work, known: CachedChild): Promise<void> {
  const { client, cache, ref, desired, stamped, signal } = work;
  const { names, kind } = cache;
  const metadata = { ...stamped.metadata, uid: known.metadata.uid };
  const applied = await client.apply<KubeObject>(
    kind.resource,
    { ...stamped, metadata },
    { fieldManager: names.fieldManager, force: true, signal },
  );
  if (cache.trim(applied).digest === work.wanted) return finish(work, applied);
  const patch = prunePatch(
    ownedPart(kind, names, applied as unknown as Fields, applied.metadata),
    ownedPart(kind, names, desired, desired.metadata as ChildMeta),
  );
  const { resourceVersion } = applied.metadata;
  const pruned = await client.mergePatch<KubeObject>(
    kind.resource,
    ref,
    { ...patch, metadata: { ...(patch['metadata'] as object | undefined), resourceVersion } },
    { fieldManager: names.fieldManager, signal },
  );
  finish(work, pruned);
}

/**
 * Deletes the child and creates it, for a field that may not be changed. Only when the API server would
 * take the new one: otherwise `cause` is thrown, and the old one stays. False while the old one lingers.
 */
async function makeAnew(work: Work, known: CachedChild, cause: KubeError): Promise<boolean> {
  const { client, cache, ref, stamped, signal } = work;
  const { resource } = cache.kind;
  const { name, ...unnamed } = stamped.metadata;
  const query = new URLSearchParams({ dryRun: 'All', fieldManager: cache.names.fieldManager });
  const trial = { ...objectOf(work), metadata: { ...unnamed, generateName: `${name}-` } };
  try {
    await client.post(`${collectionPath(resource, ref.namespace)}?${query.toString()}`, trial, signal);
  } catch (error) {
    if (error instanceof KubeError && error.reason === 'Invalid') throw cause;
    throw error;
  }
  const { uid } = known.metadata;
  await client.delete(resource, ref, { ...(uid === undefined ? {} : { preconditions: { uid } }), signal });
  try {
    await create(work);
    return true;
  } catch (error) {
    // A finalizer of somebody's holds the old one: its end comes as a change.
    if (error instanceof KubeError && error.reason === 'AlreadyExists') return false;
    throw error;
  }
}

async function create(work: Work): Promise<void> {
  const { client, cache, signal } = work;
  const { fieldManager } = cache.names;
  const options = signal === undefined ? { fieldManager } : { fieldManager, signal };
  finish(work, await client.create<KubeObject>(cache.kind.resource, objectOf(work), options));
}

/** Takes what the API server has now into the cache, so that the next look needs no request. */
function finish({ cache, wanted }: Work, live: KubeObject): void {
  cache.observe(live);
  cache.settle(cache.trim(live), wanted);
}

function objectOf({ cache, stamped }: Work): KubeObject {
  const { resource } = cache.kind;
  const { name, namespace } = stamped.metadata;
  const metadata: ObjectMeta = { ...stamped.metadata, name, namespace };
  return { ...stamped, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
}

/** By the label, by our annotation or by our trace in the managed fields. */
function isMadeByUs({ cache }: Work, metadata: ObjectMeta): boolean {
  const { names } = cache;
  return (
    metadata.labels?.[names.managedBy.label] === names.managedBy.value ||
    metadata.annotations?.[names.appliedDigest] !== undefined ||
    (metadata.managedFields ?? []).some(({ manager }) => manager === names.fieldManager)
  );
}
