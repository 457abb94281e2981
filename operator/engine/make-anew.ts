import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import { keyOf, type ObjectRef } from '#lib/kube/kube-object.ts';
import { collectionPath } from '#lib/kube/resource.ts';
import type { CachedChild } from './child-cache.ts';
import { type ChildWork, createChild, objectOf } from './child-work.ts';

/**
 * A child differs in a field that may not be changed, and is of a kind that is not made anew, because
 * what it holds would be lost. It is left as it is.
 */
export class UnchangeableChild extends OperatingError {
  constructor(kind: string, ref: ObjectRef, cause: unknown) {
    super(
      'unchangeable_child',
      `${kind} ${keyOf(ref)} cannot be changed to what is wanted, and is kept for what it holds: ${messageOf(cause)} ` +
        'Where that may be lost, delete it, and it is made anew.',
      { cause },
    );
  }
}

/**
 * Deletes the child and creates it, for a field that may not be changed. Only when the API server would
 * take the new one: otherwise `cause` is thrown, and the old one stays. False while the old one lingers.
 * Throws UnchangeableChild where its kind is not to be replaced.
 */
export async function makeAnew(work: ChildWork, known: CachedChild, cause: unknown): Promise<boolean> {
  const { client, cache, ref, signal } = work;
  const { resource, replaceable } = cache.kind;
  if (!(await wouldBeTaken(work))) throw cause;
  if (!replaceable) throw new UnchangeableChild(resource.kind, ref, cause);
  const { uid } = known.metadata;
  await client.delete(resource, ref, { ...(uid === undefined ? {} : { preconditions: { uid } }), signal });
  try {
    await createChild(work);
    return true;
  } catch (error) {
    // A finalizer of somebody's holds the old one: its end comes as a change.
    if (hasReason(error, 'AlreadyExists')) return false;
    throw error;
  }
}

/** Asks by a dry run under another name, which the old child is not in the way of. */
async function wouldBeTaken(work: ChildWork): Promise<boolean> {
  const { client, cache, ref, stamped, signal } = work;
  const { name, ...unnamed } = stamped.metadata;
  const query = new URLSearchParams({ dryRun: 'All', fieldManager: cache.names.fieldManager });
  const trial = { ...objectOf(work), metadata: { ...unnamed, generateName: `${name}-` } };
  try {
    await client.post(
      `${collectionPath(cache.kind.resource, ref.namespace)}?${query.toString()}`,
      trial,
      signal,
    );
    return true;
  } catch (error) {
    if (hasReason(error, 'Invalid')) return false;
    throw error;
  }
}
