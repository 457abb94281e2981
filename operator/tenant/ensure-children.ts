import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason, isConflict, KubeError } from '#lib/kube/kube-error.ts';
import { type Resource, ROLE_BINDINGS, SECRETS } from '#lib/kube/resource.ts';
import { type ChildResult, ensureChild, ForeignObject } from '#operator/engine/ensure-child.ts';
import type { EventNote } from '#operator/engine/event-note.ts';
import { contestedMessage } from '#operator/world/contested-message.ts';
import type { World } from '#operator/world/world.ts';
import { type DesiredChild, VIEWERS } from './tenant-children.ts';

export interface ChildrenRequest {
  /** The tenant's. */
  readonly namespace: string;
  readonly desired: readonly DesiredChild[];
  /** Whether all of them were made before, so that a missing one was deleted by hand. */
  readonly wereThere: boolean;
  readonly signal: AbortSignal;
  /** Told what others had changed or deleted and is put back. */
  readonly tell: (note: EventNote) => void;
}

/** What could not be made, as a sentence: a change of the cluster or of the spec has to help. */
export interface Refusal {
  readonly reason: 'ChildTaken' | 'ApplyFailed' | 'ChildContested' | 'ChildTerminating';
  readonly message: string;
  /** When to try again, where that is known. */
  readonly againAfterMs?: number | undefined;
}

interface Means {
  readonly world: World;
  readonly client: KubeClient;
}

/**
 * Brings everything in a tenant's namespace to what is wanted, all at once, and removes what is not
 * wanted any more. Throws what is worth trying again, when all has been tried once.
 */
export async function ensureChildren(request: ChildrenRequest, means: Means): Promise<readonly Refusal[]> {
  const settled = await Promise.allSettled([
    ...request.desired.map((child) => ensureOne(child, request, means)),
    removeUnwanted(request, means),
  ]);
  return settled.flatMap((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value ?? [];
  });
}

async function ensureOne(
  { resource, object }: DesiredChild,
  { wereThere, signal, tell }: ChildrenRequest,
  { world, client }: Means,
): Promise<Refusal | undefined> {
  const named = `${resource.kind} ${object.metadata.name}`;
  const cache = world.childrenOf(resource);
  try {
    const result = await ensureChild({ client, cache, desired: object, wasThere: wereThere, signal });
    if (result.outcome === 'Restored' || result.outcome === 'Corrected') tell(noteOf(named, result));
    if (result.outcome === 'Terminating') return terminating(named);
    return result.outcome === 'Contested' ? contested(named, result) : undefined;
  } catch (error) {
    return refusalOf(error, named);
  }
}

function noteOf(child: string, { outcome, changedBy }: ChildResult): EventNote {
  const by = changedBy === undefined ? '' : ` by ${changedBy}`;
  return outcome === 'Restored'
    ? { type: 'Warning', reason: 'ChildRestored', message: `${child} was deleted and is there again.` }
    : {
        type: 'Warning',
        reason: 'ChildCorrected',
        message: `${child} was changed${by} and is as it was again.`,
      };
}

/** Its end comes as a change of the cache. */
function terminating(child: string): Refusal {
  const message =
    `${child} is being deleted, and is made anew when it is gone. If that lasts, see who has put a finalizer on it: ` +
    'whoever set that has to remove it.';
  return { reason: 'ChildTerminating', message };
}

function contested(child: string, { changedBy, againAfterMs }: ChildResult): Refusal {
  return { reason: 'ChildContested', message: contestedMessage(child, changedBy), againAfterMs };
}

function refusalOf(error: unknown, child: string): Refusal {
  if (error instanceof ForeignObject) {
    const message = `${error.message} Delete it, or give it another name, and it is made.`;
    return { reason: 'ChildTaken', message };
  }
  if (!(error instanceof KubeError) || error.retryable || isConflict(error)) throw error;
  // The namespace began to go, or an object appeared, after the cache was read: look again.
  if (hasReason(error, 'AlreadyExists', 'NotFound') || isTerminating(error)) throw error;
  return {
    reason: 'ApplyFailed',
    message: `The cluster refuses ${child} and is asked again, at the latest after 15 minutes: ${error.message}`,
  };
}

/** The API server answers 403 to a creation in a namespace that is going away. */
function isTerminating(error: KubeError): boolean {
  return error.causes.some(({ reason }) => reason === 'NamespaceTerminating');
}

/** Only what can stop being wanted is looked for: the viewers' binding and copies of Secrets. */
async function removeUnwanted(
  { namespace, desired, signal }: ChildrenRequest,
  { world, client }: Means,
): Promise<undefined> {
  const wanted = new Set(desired.map(({ resource, object }) => `${resource.kind}/${object.metadata.name}`));
  const candidates: readonly (readonly [Resource, string])[] = [
    [ROLE_BINDINGS, VIEWERS],
    ...world.sharedSecrets.leftOver.map((name) => [SECRETS, name] as const),
  ];
  for (const [resource, name] of candidates) {
    const uid = world.childrenOf(resource).get(`${namespace}/${name}`)?.metadata.uid;
    if (uid === undefined || wanted.has(`${resource.kind}/${name}`)) continue;
    await client.delete(resource, { name, namespace }, { preconditions: { uid }, signal });
  }
}
