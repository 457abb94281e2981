import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { readyFrom, verdict } from '#operator/world/verdict.ts';

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

export function availableVerdict(spec: Pick<VoiceRuntime['spec'], 'mode'>, counts: RuntimeCounts): Verdict {
  if (spec.mode === 'Managed') {
    const message = 'This release does not run pods: set mode External and run the runtime yourself.';
    return verdict('Available', 'False', 'NotServedYet', message);
  }
  if (counts.readyReplicas > 0) {
    return verdict('Available', 'True', 'PodsServing', 'Pods report that they take calls.');
  }
  const message =
    counts.replicas > 0
      ? 'Every pod that reports is draining.'
      : 'No pod has reported to Redis. Is the runtime running, with this RUNTIME_NAME and the same Redis?';
  return verdict('Available', 'False', 'NoPods', message);
}

/** The engines of an External runtime are reached from where it runs, which is not here. */
export function enginesVerdict(spec: Pick<VoiceRuntime['spec'], 'mode'>): Verdict {
  return spec.mode === 'External'
    ? verdict('EnginesReady', 'Unknown', 'External', 'The runtime itself calls its engines; see its metrics.')
    : verdict('EnginesReady', 'False', 'NotServedYet', 'This release does not run engines.');
}

const IN_PROGRESS = new Set(['CarrierUnavailable', 'EndpointMissing']);

export function runtimeReady(verdicts: readonly Verdict[]): Verdict {
  return readyFrom(
    verdicts.filter(({ type }) => type !== 'EnginesReady'),
    IN_PROGRESS,
  );
}
