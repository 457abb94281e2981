import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';

export interface FinalizerTarget {
  readonly client: Pick<KubeClient, 'mergePatch'>;
  readonly resource: Resource;
  readonly fieldManager: string;
}

/** Adds the finalizers that are missing; the object as it is then. A newer object gives `Conflict`. */
export async function addFinalizer<T extends KubeObject>(
  target: FinalizerTarget,
  object: T,
  ...wanted: readonly string[]
): Promise<T> {
  const finalizers = object.metadata.finalizers ?? [];
  const missing = wanted.filter((one) => !finalizers.includes(one));
  return missing.length === 0 ? object : patchFinalizers(target, object, [...finalizers, ...missing]);
}

/** Removes the finalizer where it is; an object that is gone already is no error. */
export async function removeFinalizer(
  target: FinalizerTarget,
  object: KubeObject,
  finalizer: string,
): Promise<void> {
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) return;
  try {
    await patchFinalizers(
      target,
      object,
      finalizers.filter((other) => other !== finalizer),
    );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

/** With uid and resourceVersion, so that neither another object of the name nor a newer list is hit. */
async function patchFinalizers<T extends KubeObject>(
  target: FinalizerTarget,
  object: T,
  finalizers: readonly string[],
): Promise<T> {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const ref = namespace === undefined ? { name } : { name, namespace };
  const patch = { metadata: { uid, resourceVersion, finalizers } };
  return target.client.mergePatch<T>(target.resource, ref, patch, { fieldManager: target.fieldManager });
}
