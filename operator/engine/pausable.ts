import type { Clock } from '#lib/clock/clock.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';
import { writeStatus } from './apply.ts';
import { type Condition, isTrue, mergeConditions, type Verdict } from './conditions.ts';
import type { Reconcile } from './controller.ts';
import type { EventRecorder } from './event-recorder.ts';

export type WithConditions = KubeObject & {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
};

export interface PausableOptions<T extends WithConditions> {
  /** While it is `"true"` on an object, nothing is done for that object: `example.org/paused`. */
  readonly annotation: string;
  readonly client: Pick<KubeClient, 'patchStatus'>;
  readonly cache: Pick<Informer<T>, 'get' | 'observe'>;
  readonly resource: Resource;
  readonly fieldManager: string;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly reconcile: Reconcile;
}

/** Time for the cache to see that the object is not paused any more, where the write did not tell it. */
const UNSEEN_DELAY_MS = 50;

/**
 * A reconcile that leaves paused objects alone, also those that are being deleted. Such an object gets
 * one Event and the condition `Paused`, which turns False when the annotation goes; nothing else is
 * written. Objects that never were paused have no such condition.
 */
export function pausable<T extends WithConditions>(options: PausableOptions<T>): Reconcile {
  const { annotation, cache, events, reconcile } = options;
  return async (key, context) => {
    const object = cache.get(key);
    if (object === undefined) return reconcile(key, context);
    const wasPaused = isPaused(object);
    if (isPausedBy(annotation, object)) {
      if (wasPaused) return {};
      const message = `Nothing is done for this object while its annotation ${annotation} is "true".`;
      await judge(options, object, { type: 'Paused', status: 'True', reason: 'Paused', message });
      events.record(object, { type: 'Normal', reason: 'Paused', message });
      return {};
    }
    if (!wasPaused) return reconcile(key, context);
    await judge(options, object, { type: 'Paused', status: 'False', reason: 'NotPaused', message: '' });
    const seen = cache.get(key);
    // The status is written whole: from the old object it would say again that this one is paused.
    if (seen !== undefined && isPaused(seen)) return { requeueAfterMs: UNSEEN_DELAY_MS };
    return reconcile(key, context);
  };
}

/** Whether people want nothing done for the object; its condition follows. */
export function isPausedBy(annotation: string, { metadata }: KubeObject): boolean {
  return metadata.annotations?.[annotation] === 'true';
}

function isPaused(object: WithConditions): boolean {
  return isTrue(object.status?.conditions, 'Paused');
}

async function judge<T extends WithConditions>(
  { client, cache, resource, fieldManager, clock }: PausableOptions<T>,
  object: T,
  verdict: Verdict,
): Promise<void> {
  const at = { nowMs: clock.now(), generation: object.metadata.generation ?? 0 };
  const conditions = mergeConditions(object.status?.conditions ?? [], [verdict], at);
  const status = { ...object.status, conditions };
  const written = await writeStatus({ client, resource, fieldManager, object, status });
  if (written !== undefined) cache.observe(written);
}
