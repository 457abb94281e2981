import type { VoiceRuntimeStatus } from '#crds/voice-runtime/voice-runtime.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { verdict } from '#operator/world/verdict.ts';
import { type PodTrouble, podTrouble } from './pod-trouble.ts';
import type { DeploymentObject, PodObject } from './workload.ts';

/** What the runtime's own pods lack, before they can be made. */
export interface MissingNeed {
  readonly reason: 'SecretMissing' | 'EndpointMissing' | 'ImageMissing';
  readonly message: string;
}

/** The state of the pods of a Managed VoiceRuntime. */
export interface ManagedState {
  readonly missing: MissingNeed | undefined;
  /** What the cluster refused to make or change, a sentence each. */
  readonly refused: readonly string[];
  /** Pods that there should be now. */
  readonly replicas: number;
  readonly deployment: DeploymentObject | undefined;
  /** The runtime's own pods, draining ones too. */
  readonly pods: readonly PodObject[];
  /** Whether Redis could be asked what the pods report. */
  readonly heard: boolean;
}

/** What goes on without heartbeats, and what does not. */
const UNHEARD =
  'Redis cannot be asked what the pods report: calls are not counted, and nothing is scaled in or marked by them.';

/** Available, then Progressing. Pure. */
export function managedVerdicts(state: ManagedState): readonly [Verdict, Verdict] {
  const trouble = podTrouble(state.deployment, state.pods);
  const served = available(state, trouble);
  const message = state.heard ? served.message : `${served.message} ${UNHEARD}`;
  return [{ ...served, message }, progressing(state, trouble)];
}

function available(state: ManagedState, trouble: PodTrouble | undefined): Verdict {
  const { deployment, missing, refused, replicas } = state;
  const no = (reason: Parameters<typeof verdict<'Available'>>[2], message: string) =>
    verdict('Available', 'False', reason, message);
  const ready = deployment?.status?.readyReplicas ?? 0;
  if (ready > 0) return verdict('Available', 'True', 'PodsServing', 'There are pods that take calls.');
  if (refused.length > 0) return no('NotApplied', refused.join(' '));
  if (missing !== undefined) return no(missing.reason, missing.message);
  if (replicas === 0) return no('ScaledToZero', 'spec.replicas is 0.');
  if (trouble === undefined) return no('Starting', 'The pods are being made.');
  return no(trouble.reason, trouble.message);
}

function progressing(state: ManagedState, trouble: PodTrouble | undefined): Verdict {
  const { deployment, missing, refused, replicas, pods } = state;
  const no = (reason: Parameters<typeof verdict<'Progressing'>>[2], message: string) =>
    verdict('Progressing', 'False', reason, message);
  if (refused.length > 0) return no('NotApplied', refused.join(' '));
  if (missing !== undefined) return no('Waiting', missing.message);
  const waits = trouble === undefined ? '' : ` ${trouble.message}`;
  if (trouble?.reason === 'PodsRefused') return no('PodsRefused', trouble.message);
  const {
    conditions = [],
    updatedReplicas = 0,
    readyReplicas = 0,
    observedGeneration,
  } = deployment?.status ?? {};
  if (
    conditions.some(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded')
  ) {
    return no('RolloutStuck', `New pods do not become ready; those of before keep the calls.${waits}`);
  }
  const isSeen = observedGeneration !== undefined && observedGeneration === deployment?.metadata.generation;
  const present = deployment?.status?.replicas ?? 0;
  if (!isSeen || updatedReplicas !== replicas || readyReplicas !== replicas || present !== replicas) {
    const message = `${Math.min(updatedReplicas, replicas)} of ${replicas} pods are made, ${readyReplicas} ready.${waits}`;
    return verdict('Progressing', 'True', 'RollingOut', message);
  }
  const draining = pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length;
  const message = draining === 0 ? '' : ` Draining, until their last calls end: ${draining}.`;
  return no('Complete', `All pods are of this generation.${message}`);
}

/** Reasons of Progressing under which the runtime is not what its spec says. */
const UNFULFILLED = new Set(['NotApplied', 'PodsRefused', 'RolloutStuck', 'Waiting']);

/** Whether a verdict counts for Ready: engines that run elsewhere and a rollout under way do not. */
export function countsForReady({ type, status, reason }: Verdict): boolean {
  if (type === 'EnginesReady') return status === 'False';
  return type !== 'Progressing' || UNFULFILLED.has(reason);
}

/** Whether every child had been made for this generation: one that is missing now was deleted by hand. */
export function wereMade(status: VoiceRuntimeStatus | undefined, generation: number | undefined): boolean {
  if (status?.observedGeneration === undefined || status.observedGeneration !== generation) return false;
  const progressed = status.conditions?.find(({ type }) => type === 'Progressing');
  return progressed !== undefined && progressed.reason !== 'NotApplied' && progressed.reason !== 'Waiting';
}
