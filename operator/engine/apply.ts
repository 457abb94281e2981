import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Applied, KubeClient } from '#lib/kube/kube-client.ts';
import { type KubeObject, keyOf } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';

export interface ApplyRequest {
  readonly client: Pick<KubeClient, 'apply'>;
  readonly resource: Resource;
  readonly fieldManager: string;
  /** All the fields we want, and no more. */
  readonly desired: Applied;
  /** The object as the cache has it. */
  readonly current: KubeObject | undefined;
  /**
   * The annotation that keeps the hash of what was applied, so that a field we no longer want is noticed
   * too. Default: `<fieldManager>/applied-hash`.
   */
  readonly hashAnnotation?: string;
  readonly signal?: AbortSignal;
}

/**
 * Server-side apply, skipped when nothing differs: an apply that changes nothing costs the API
 * server a whole patch. Returns what was done.
 */
export async function applyIfDiffers(request: ApplyRequest): Promise<'Applied' | 'Unchanged'> {
  const { client, resource, fieldManager, desired, current, signal } = request;
  const hash = createHash('sha256').update(JSON.stringify(desired)).digest('hex').slice(0, 16);
  const { hashAnnotation = `${fieldManager}/applied-hash` } = request;
  const annotations = { ...(desired.metadata['annotations'] as object | undefined), [hashAnnotation]: hash };
  const object: Applied = { ...desired, metadata: { ...desired.metadata, annotations } };
  if (current !== undefined && covers(current, object)) return 'Unchanged';
  await client.apply(resource, object, { fieldManager, force: true, signal });
  return 'Applied';
}

export interface StatusRequest<S extends object> {
  readonly client: Pick<KubeClient, 'patchStatus'>;
  readonly resource: Resource;
  readonly fieldManager: string;
  readonly object: KubeObject & { readonly status?: unknown };
  readonly status: S;
  readonly signal?: AbortSignal;
}

/**
 * Writes the whole status where it differs from the object's; then the object as it is after that. One that
 * was made anew under the name meanwhile does not get the status of the one before: that is an error.
 */
export async function writeStatus<S extends object>(
  request: StatusRequest<S>,
): Promise<KubeObject | undefined> {
  const { client, resource, fieldManager, object, signal } = request;
  const status: unknown = JSON.parse(JSON.stringify(request.status));
  if (isDeepStrictEqual(object.status, status)) return undefined;
  const { name, namespace, uid } = object.metadata;
  const ref = namespace === undefined ? { name, uid } : { name, namespace, uid };
  return client.patchStatus<KubeObject>(resource, ref, status as object, {
    fieldManager,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The object as the cache has it by now, unless that is another one, made anew under the name. */
export function latestOf<T extends KubeObject>(cache: { get(key: string): T | undefined }, object: T): T {
  const latest = cache.get(keyOf(object.metadata));
  return latest !== undefined && latest.metadata.uid === object.metadata.uid ? latest : object;
}

/** Whether every field of `desired` is in `actual` with the same value; lists are compared whole. */
export function covers(actual: unknown, desired: unknown): boolean {
  if (Array.isArray(desired)) {
    return (
      Array.isArray(actual) &&
      actual.length === desired.length &&
      desired.every((item, index) => covers(actual[index], item))
    );
  }
  if (desired !== null && typeof desired === 'object') {
    if (actual === null || typeof actual !== 'object') return false;
    const fields = actual as Readonly<Record<string, unknown>>;
    return Object.entries(desired).every(
      ([name, value]) => value === undefined || covers(fields[name], value),
    );
  }
  return actual === desired;
}
