import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { isAbort, messageOf } from '#lib/errors/operating-error.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { PODS } from '#lib/kube/resource.ts';
import type { Logger } from '#lib/log/logger.ts';
import { FIELD_MANAGER } from '#operator/installation/names.ts';
import { CALLS, DELETION_COST, POD_MARKS } from './runtime-names.ts';
import type { PodObject } from './workload.ts';

/** The metadata that a pod should have. */
interface Marks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The marks of a pod that holds calls, or of one that holds none. */
function marksOf(isActive: boolean): Marks {
  const calls = isActive ? 'active' : 'idle';
  return {
    labels: { [POD_MARKS.calls]: CALLS[calls] },
    annotations: {
      [POD_MARKS.safeToEvict]: String(!isActive),
      [POD_MARKS.deletionCost]: DELETION_COST[calls],
    },
  };
}

/**
 * The pods whose marks do not fit what they said of their calls. A pod that was not heard of keeps its
 * marks; one that is being deleted has no use for them.
 */
export function wronglyMarked(
  pods: readonly PodObject[],
  reports: readonly PodHeartbeat[],
): readonly { readonly pod: PodObject; readonly marks: Marks }[] {
  const calls = new Map(reports.map((report) => [report.pod, report.calls]));
  return pods.flatMap((pod) => {
    const { name, deletionTimestamp, labels, annotations } = pod.metadata;
    const held = calls.get(name);
    if (held === undefined || deletionTimestamp !== undefined) return [];
    const marks = marksOf(held > 0);
    const fits =
      Object.entries(marks.labels).every(([key, value]) => labels?.[key] === value) &&
      Object.entries(marks.annotations).every(([key, value]) => annotations?.[key] === value);
    return fits ? [] : [{ pod, marks }];
  });
}

/**
 * Marks pods as they become busy or idle. Best effort: a mark that could not be written is written
 * with the next look, and what protects calls in the end is that pods drain.
 */
export async function markPods(
  wrong: ReturnType<typeof wronglyMarked>,
  options: {
    readonly client: Pick<KubeClient, 'mergePatch'>;
    readonly pods: Pick<Informer<PodObject>, 'observe'>;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { client, pods, log, signal } = options;
  for (const { pod, marks } of wrong) {
    const { name, namespace, uid } = pod.metadata;
    try {
      const marked = await client.mergePatch<KubeObject>(
        PODS,
        { name, namespace },
        { metadata: { uid, ...marks } },
        { fieldManager: FIELD_MANAGER, signal },
      );
      pods.observe(marked);
    } catch (error) {
      if (isAbort(error)) throw error;
      log.warn({ pod: name, error: messageOf(error) }, 'a pod could not be marked by its calls');
    }
  }
}
