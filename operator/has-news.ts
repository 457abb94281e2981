import { isDeepStrictEqual } from 'node:util';
import type { ChangeOrigin } from '#lib/kube/object-store.ts';
import { type CachedChild, isAltered } from '#operator/engine/child-cache.ts';
import { ANNOTATIONS, FINALIZERS, LABELS } from './installation/names.ts';
import type { RawTenant } from './world/raw-objects.ts';
import type { SharedSecret } from './world/secret-refusal.ts';
import type { KnownNamespace } from './world/trimmed.ts';

/**
 * Whether a change is a reason to look at its Tenant again. What our own writes bring about is none,
 * also where the watch shows it before their reply does: ten thousand tenants are looked at once.
 */

/** The status has one writer, us: it is news only where somebody took it away. */
export function tenantHasNews(before: RawTenant | undefined, after: RawTenant | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  const [old, now] = [before.metadata, after.metadata];
  const ours: readonly string[] = Object.values(FINALIZERS);
  const lost = old.finalizers?.some((one) => ours.includes(one) && now.finalizers?.includes(one) !== true);
  return (
    old.uid !== now.uid ||
    old.generation !== now.generation ||
    old.deletionTimestamp !== now.deletionTimestamp ||
    !isDeepStrictEqual(old.annotations, now.annotations) ||
    lost === true ||
    (before.status !== undefined && after.status?.observedGeneration === undefined)
  );
}

/** Its labels, annotations, end, and what is in the way of that. */
export function namespaceHasNews(
  before: KnownNamespace | undefined,
  after: KnownNamespace | undefined,
  origin: ChangeOrigin,
): boolean {
  if (origin === 'Own') return false;
  // Ours from the beginning: the reconcile that makes it waits for its reply only.
  if (before === undefined && after?.metadata.labels?.[LABELS.tenantID] !== undefined) return false;
  return !isDeepStrictEqual(whatMatters(before), whatMatters(after));
}

/** That the set of children is noted matters; which, only we write. */
function whatMatters(namespace: KnownNamespace | undefined): unknown {
  if (namespace === undefined) return undefined;
  const { resourceVersion: _written, annotations, ...metadata } = namespace.metadata;
  const noted = annotations?.[ANNOTATIONS.children] !== undefined;
  const others = { ...annotations, [ANNOTATIONS.children]: noted };
  return [metadata, others, namespace.remaining];
}

/** Its owned fields; a new one only where it is not as we make it. */
export function childHasNews(
  before: CachedChild | undefined,
  after: CachedChild | undefined,
  origin: ChangeOrigin,
): boolean {
  if (origin === 'Own' || origin === 'Initial') return false;
  if (after === undefined) return true;
  return before === undefined ? isAltered(after) : before.digest !== after.digest;
}

/** Of a Secret that is labelled to be copied: what is copied of it, and what decides whether it is. */
export function sharedSecretHasNews(
  before: SharedSecret | undefined,
  after: SharedSecret | undefined,
): boolean {
  return !isDeepStrictEqual(whatIsCopied(before), whatIsCopied(after));
}

function whatIsCopied(secret: SharedSecret | undefined): unknown {
  return secret && [secret.type, secret.data, secret.metadata.labels?.[LABELS.managedBy]];
}
