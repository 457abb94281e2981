import { OperatingError } from '#lib/errors/operating-error.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import { type KubeObject, keyOf, type ObjectMeta, type ObjectRef } from '#lib/kube/kube-object.ts';
import { type CachedChild, isAltered } from './child-cache.ts';
import { type ChildMeta, type Fields, isOurReference, ownedPart } from './child-kind.ts';
import { type ChildWork, childWorkOf, createChild, type EnsureChildRequest } from './child-work.ts';
import { makeAnew } from './make-anew.ts';
import { mergePatchBetween } from './merge-patch.ts';

/**
 * `Created`: it was missing. `Restored`: missing although it was made before. `Updated`: only what we
 * want has changed. `Corrected`: somebody had changed it. `Unchanged`: it is as it is wanted, or as near
 * to that as the API server lets it be. `Terminating`: it is being deleted and nothing was done; its end
 * comes as a change. `Contested`: somebody keeps changing or deleting it, and it is left alone for a while.
 */
export type ChildOutcome =
  | 'Unchanged'
  | 'Created'
  | 'Restored'
  | 'Updated'
  | 'Corrected'
  | 'Terminating'
  | 'Contested';

export interface ChildResult {
  readonly outcome: ChildOutcome;
  /** The field manager that had changed it: `kubectl-edit`. Who only removed fields leaves no trace. */
  readonly changedBy?: string;
  /** Of one that is contested: when it may be put back. */
  readonly againAfterMs?: number;
}

/** An object of the name that we want is there, and we did not make it. It is left alone. */
export class ForeignObject extends OperatingError {
  constructor(kind: string, ref: ObjectRef) {
    super('foreign_object', `${kind} ${keyOf(ref)} exists and was not made by this operator.`);
  }
}

/**
 * Brings one child to what is wanted: no request where its digest says so, otherwise at most an apply
 * and a patch that removes what others added. A field that may not be changed has the child made anew,
 * where its kind allows. Throws ForeignObject, UnchangeableChild, and KubeErrors: `Conflict` when the
 * cache was behind.
 */
export async function ensureChild(request: EnsureChildRequest): Promise<ChildResult> {
  const work = childWorkOf(request);
  const known = request.cache.get(keyOf(work.ref));
  return known === undefined ? createOrTakeUp(work) : bringTo(work, known);
}

async function createOrTakeUp(work: ChildWork): Promise<ChildResult> {
  const { client, cache, ref, wasThere, signal } = work;
  const { resource } = cache.kind;
  const key = keyOf(ref);
  const againAfterMs = cache.contested.waitMs(key);
  if (againAfterMs > 0) return { outcome: 'Contested', againAfterMs };
  try {
    await createChild(work);
    if (wasThere === true || cache.contested.has(key)) cache.contested.putBack(key);
    return { outcome: wasThere === true ? 'Restored' : 'Created' };
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    // The cache is behind, somebody took the label away that it is selected by, or it is a stranger's.
    const found = await client.get(resource, ref, signal);
    if (found === undefined) throw error;
    if (!isMadeByUs(work, found.metadata)) throw new ForeignObject(resource.kind, ref);
    return bringTo(work, cache.trim(found));
  }
}

async function bringTo(work: ChildWork, known: CachedChild): Promise<ChildResult> {
  if (known.metadata.deletionTimestamp !== undefined) return { outcome: 'Terminating' };
  if (work.cache.isAsWanted(known, work.wanted)) return { outcome: 'Unchanged' };
  const by = known.changedBy === undefined ? {} : { changedBy: known.changedBy };
  const key = keyOf(work.ref);
  const againAfterMs = work.cache.contested.waitMs(key);
  // What we want otherwise than before is written in any case.
  if (againAfterMs > 0 && (known.appliedDigest ?? work.wanted.digest) === work.wanted.digest) {
    return { outcome: 'Contested', againAfterMs, ...by };
  }
  let digest: string | undefined;
  try {
    ({ digest } = await applyAndPrune(work, known));
  } catch (error) {
    if (!hasReason(error, 'Invalid')) throw error;
    if (!(await makeAnew(work, known, error))) return { outcome: 'Terminating' };
  }
  const outcome = outcomeOf(work, known, digest);
  if (outcome !== 'Corrected') return { outcome };
  work.cache.contested.putBack(key);
  return { outcome, ...by };
}

/**
 * What a write came to; `digest` is the child's after it, undefined where it was made anew. A write that
 * changed nothing corrected nothing: then a new release of the API server, or a webhook, makes of the
 * child what it is. Where our wish has changed as well, somebody's trace is what tells a hand from these.
 */
function outcomeOf(
  { wanted }: ChildWork,
  known: CachedChild,
  digest: string | undefined,
): 'Unchanged' | 'Updated' | 'Corrected' {
  const { appliedDigest, changedBy } = known;
  if (appliedDigest === wanted.digest) return digest === known.digest ? 'Unchanged' : 'Corrected';
  // Made by an older release, or somebody removed the annotation.
  if (appliedDigest === undefined) return digest === known.digest ? 'Updated' : 'Corrected';
  return isAltered(known) && changedBy !== undefined ? 'Corrected' : 'Updated';
}

/** The uid keeps the apply from taking over, or making, another object of the name. */
async function applyAndPrune(work: ChildWork, known: CachedChild): Promise<CachedChild> {
  const { client, cache, ref, stamped, wanted, signal } = work;
  const { names, kind } = cache;
  const metadata = { ...stamped.metadata, uid: known.metadata.uid };
  const applied = await client.apply<KubeObject>(
    kind.resource,
    { ...stamped, metadata },
    { fieldManager: names.fieldManager, force: true, signal },
  );
  if (cache.isAsWanted(cache.trim(applied), wanted)) return cache.take(applied, wanted);
  const pruned = await client.mergePatch<KubeObject>(kind.resource, ref, prunePatch(work, applied), {
    fieldManager: names.fieldManager,
    signal,
  });
  return cache.take(pruned, wanted);
}

/** Takes away what others added to what is ours. A list is replaced whole, so others' owners stand in it again. */
function prunePatch({ cache, wanted }: ChildWork, applied: KubeObject): Fields {
  const { names, kind } = cache;
  const { resourceVersion, ownerReferences = [] } = applied.metadata;
  const live = ownedPart(kind, names, applied as unknown as Fields, applied.metadata);
  const { metadata, ...fields } = mergePatchBetween(live, wanted.part);
  const ours = metadata as ChildMeta | undefined;
  if (ours?.ownerReferences === undefined) return { ...fields, metadata: { ...ours, resourceVersion } };
  const others = ownerReferences.filter((reference) => !isOurReference(names, reference));
  const references = [...others, ...ours.ownerReferences];
  return { ...fields, metadata: { ...ours, ownerReferences: references, resourceVersion } };
}

/** By the label, by our annotation or by our trace in the managed fields. */
function isMadeByUs({ cache }: ChildWork, metadata: ObjectMeta): boolean {
  const { names } = cache;
  return (
    metadata.labels?.[names.managedBy.label] === names.managedBy.value ||
    metadata.annotations?.[names.appliedDigest] !== undefined ||
    (metadata.managedFields ?? []).some(({ manager }) => manager === names.fieldManager)
  );
}
