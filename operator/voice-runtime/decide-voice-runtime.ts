import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { Condition, Verdict } from '#operator/engine/conditions.ts';
import { readyFrom, verdict } from '#operator/world/verdict.ts';
import { countsForReady } from './decide-managed.ts';

/** The decisions about a VoiceRuntime, all pure. */

export interface RuntimeCounts {
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly activeCalls: number;
}

export function countsOf(reports: readonly PodHeartbeat[]): RuntimeCounts {
  return {
    replicas: reports.length,
    readyReplicas: reports.filter(({ state }) => state === 'Serving').length,
    activeCalls: reports.reduce((sum, { calls }) => sum + calls, 0),
  };
}

/** Whether a runtime that runs elsewhere takes calls: all that is known of it are its heartbeats. */
export function externallyAvailable(counts: Omit<RuntimeCounts, 'activeCalls'>): Verdict {
  if (counts.readyReplicas > 0) {
    return verdict('Available', 'True', 'PodsServing', 'Pods report that they take calls.');
  }
  const message =
    counts.replicas > 0
      ? 'Every pod that reports is draining.'
      : 'No pod has reported to Redis. Is the runtime running, with this RUNTIME_NAME and the same Redis?';
  return verdict('Available', 'False', 'NoPods', message);
}

/**
 * While Redis cannot be asked, a runtime that runs elsewhere takes calls or does not as it did before:
 * its tenants are not told otherwise over an outage. Until Redis has been away for long enough to be told of
 * (`isAway`), what was said of this generation is said again.
 */
export function unheard(
  before: readonly Condition[],
  { generation, isAway }: { readonly generation: number; readonly isAway: boolean },
): Verdict {
  const known = before.find(({ type }) => type === 'Available');
  if (!isAway && known !== undefined && known.observedGeneration === generation) {
    const { type, status, reason, message } = known;
    return { type, status, reason, message };
  }
  const message =
    'Redis cannot be asked what the pods report. It is tried again; until then this stays as it was.';
  return verdict('Available', known?.status ?? 'Unknown', 'RedisUnavailable', message);
}

/** What was made for a runtime while it was Managed, and the cluster does not let go. */
export function leftBehind(refused: readonly string[]): readonly Verdict[] {
  return refused.length === 0 ? [] : [verdict('Progressing', 'False', 'NotApplied', refused.join(' '))];
}

/** The engines of an External runtime are reached from where it runs, which is not here. */
export function externalEngines(): Verdict {
  const message = 'The runtime itself calls its engines; see its metrics.';
  return verdict('EnginesReady', 'Unknown', 'External', message);
}

const IN_PROGRESS = new Set([
  'CarrierUnavailable',
  'EndpointMissing',
  'Starting',
  'ModelLoading',
  'RedisUnavailable',
]);

export function runtimeReady(verdicts: readonly Verdict[]): Verdict {
  return readyFrom(verdicts.filter(countsForReady), IN_PROGRESS);
}
