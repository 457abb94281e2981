import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';

export interface WatchObjectsOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly fieldSelector?: string;
  readonly onObject: (object: T, atMs: number) => void;
}

const WATCH_SECONDS = 3_600;

/** Tells of every object as it changes from now on; resolves once that has begun, to what ends it. */
export async function watchObjects<T extends KubeObject>(
  options: WatchObjectsOptions<T>,
): Promise<() => Promise<void>> {
  const { client, resource, fieldSelector, onObject } = options;
  const select = fieldSelector === undefined ? {} : { fieldSelector };
  const page = await client.listPage<T>(resource, { ...select, limit: 1 });
  const ending = new AbortController();
  const events = await client.watch(resource, {
    ...select,
    resourceVersion: page.metadata.resourceVersion ?? '0',
    timeoutSeconds: WATCH_SECONDS,
    signal: ending.signal,
  });
  const reading = (async () => {
    try {
      for await (const { type, object } of events) {
        if (type === 'ADDED' || type === 'MODIFIED') onObject(object as T, performance.now());
      }
      throw new Error(`the watch of ${resource.plural} ended`);
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    }
  })();
  // Whoever ends it hears of a failure; until then it must not count as nobody's.
  reading.catch(() => undefined);
  return async () => {
    ending.abort();
    await reading;
  };
}
