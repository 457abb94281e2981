import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { ObjectRef } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';

/** As whom people of a storm apply what they ask for. */
export const PERSON = { fieldManager: 'person', force: true };

type Annotations = Readonly<Record<string, string | null>>;

export const RESUMED: Annotations = { 'veralux.io/paused': null };

export function pausing({ isPaused }: { readonly isPaused: boolean }): Annotations {
  return isPaused ? { 'veralux.io/paused': 'true' } : RESUMED;
}

/** Annotates an object that may not be there. */
export async function annotate(
  admin: KubeClient,
  resource: Resource,
  ref: ObjectRef,
  annotations: Annotations,
): Promise<void> {
  try {
    await admin.mergePatch(
      resource,
      ref,
      { metadata: { annotations } },
      { fieldManager: PERSON.fieldManager },
    );
  } catch (error) {
    if (!(error instanceof KubeError && error.status === 404)) throw error;
  }
}
