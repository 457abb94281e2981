import type { Clock } from '#lib/clock/clock.ts';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { Resource } from '#lib/kube/resource.ts';
import { WriteFenced } from '#lib/kube/write-fence.ts';
import { writeStatus } from './apply.ts';
import { mergeConditions, type Verdict } from './conditions.ts';
import { type Reconcile, type ReconcileContext, ReconcileTimeout } from './controller.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { WithConditions } from './pausable.ts';

export interface ExplainFailuresOptions<T extends WithConditions> {
  readonly client: Pick<KubeClient, 'patchStatus'>;
  readonly cache: Pick<Informer<T>, 'get' | 'observe'>;
  readonly resource: Resource;
  readonly fieldManager: string;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** The condition that tells of an error in these words; a reconcile that succeeds says it anew. */
  readonly verdictOf: (object: T, words: string) => Verdict;
  readonly reconcile: Reconcile;
}

/** A peer that is away for some seconds is nobody's business; what lasts longer is. */
const PATIENCE_MS = 10_000;

/**
 * A reconcile whose errors are seen on the object once they have come for ten seconds in a row: as a
 * condition and an Event with the error's words. They are thrown on, for the queue's back-off. Where the
 * status is what cannot be written, the Event is all there is.
 */
export function explainingFailures<T extends WithConditions>(options: ExplainFailuresOptions<T>): Reconcile {
  const { clock, reconcile } = options;
  /** Since when a key fails; as many as there are objects. */
  const failingSince = new Map<string, number>();
  return async (key, context) => {
    try {
      const outcome = await reconcile(key, context);
      failingSince.delete(key);
      return outcome;
    } catch (error) {
      const words = wordsOf(error, context);
      const object = options.cache.get(key);
      if (object === undefined) failingSince.delete(key);
      if (object === undefined || words === undefined) throw error;
      const sinceMs = failingSince.get(key) ?? clock.monotonic();
      failingSince.set(key, sinceMs);
      if (clock.monotonic() - sinceMs >= PATIENCE_MS) await explain(options, object, words, context);
      throw error;
    }
  };
}

/** Undefined where nothing is wrong with the object: the operator ends, or may not write at the moment. */
function wordsOf(error: unknown, { signal }: ReconcileContext): string | undefined {
  if (error instanceof WriteFenced) return undefined;
  if (signal.aborted) return signal.reason instanceof ReconcileTimeout ? signal.reason.message : undefined;
  if (error instanceof OperatingError) return messageOf(error);
  return `A fault of the operator, whose log has more of it: ${messageOf(error)}`;
}

async function explain<T extends WithConditions>(
  options: ExplainFailuresOptions<T>,
  object: T,
  words: string,
  { log }: ReconcileContext,
): Promise<void> {
  const { client, cache, resource, fieldManager, events, clock, verdictOf } = options;
  const verdict = verdictOf(object, words);
  events.record(object, { type: 'Warning', reason: verdict.reason, message: verdict.message });
  const at = { nowMs: clock.now(), generation: object.metadata.generation ?? 0 };
  const conditions = mergeConditions(object.status?.conditions ?? [], [verdict], at);
  try {
    const status = { ...object.status, conditions };
    const written = await writeStatus({ client, resource, fieldManager, object, status });
    if (written !== undefined) cache.observe(written);
  } catch (error) {
    // The error that is being told of is thrown on, and logged.
    log.warn({ error: messageOf(error) }, 'the failure of a reconcile could not be written to the status');
  }
}
