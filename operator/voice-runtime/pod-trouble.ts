import type { ContainerState, DeploymentObject, PodObject } from './workload.ts';

/** What keeps the pods of a Deployment from being ready, the most telling first. */
export interface PodTrouble {
  readonly reason:
    | 'PodsRefused'
    | 'Unschedulable'
    | 'ImageNotPulled'
    | 'ContainerRefused'
    | 'CrashLooping'
    | 'Starting';
  /** Whole sentences for people, with the cluster's own words. */
  readonly message: string;
}

const IMAGE_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
/** The kubelet's reasons for a container that could not be made or started. */
const CONTAINER_REASONS = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PostStartHookError',
]);
/** Words of the cluster are shown up to here; images and node lists can be long. */
const MAX_WORDS = 500;

/**
 * The trouble of a Deployment's pods; undefined where none of them waits for anything. `pods` are
 * those of this Deployment; ones that are being deleted do not count.
 */
export function podTrouble(
  deployment: DeploymentObject | undefined,
  pods: readonly PodObject[],
): PodTrouble | undefined {
  const refused = deployment?.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (refused !== undefined) {
    return { reason: 'PodsRefused', message: `The cluster refuses the pods: ${words(refused.message)}` };
  }
  const found = pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap((pod) => troubleOf(pod) ?? []);
  return ORDER.flatMap((reason) => found.find((one) => one.reason === reason) ?? [])[0];
}

const ORDER = ['ImageNotPulled', 'ContainerRefused', 'CrashLooping', 'Unschedulable', 'Starting'] as const;

function troubleOf(pod: PodObject): PodTrouble | undefined {
  const { name } = pod.metadata;
  const { conditions = [], containerStatuses = [] } = pod.status ?? {};
  const unscheduled = conditions.find(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );
  if (unscheduled !== undefined) {
    return {
      reason: 'Unschedulable',
      message: `No node takes the pod ${name}: ${words(unscheduled.message)}`,
    };
  }
  for (const container of containerStatuses) {
    const trouble = containerTrouble(name, container);
    if (trouble !== undefined) return trouble;
  }
  if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return undefined;
  return { reason: 'Starting', message: `The pod ${name} is not ready yet.` };
}

function containerTrouble(pod: string, { state, lastState }: ContainerState): PodTrouble | undefined {
  const { reason = '', message } = state?.waiting ?? {};
  if (IMAGE_REASONS.has(reason)) {
    return { reason: 'ImageNotPulled', message: `The pod ${pod} waits (${reason}): ${words(message)}` };
  }
  if (CONTAINER_REASONS.has(reason)) {
    return {
      reason: 'ContainerRefused',
      message: `The pod ${pod} cannot start (${reason}): ${words(message)}`,
    };
  }
  if (reason !== 'CrashLoopBackOff') return undefined;
  const ended = lastState?.terminated;
  const how = [ended?.reason, ended?.exitCode === undefined ? undefined : `exit status ${ended.exitCode}`];
  const why = how.filter((part) => part !== undefined).join(', ');
  return {
    reason: 'CrashLooping',
    message: `The pod ${pod} ends again and again${why === '' ? '' : ` (${why})`}: kubectl logs ${pod} --previous`,
  };
}

function words(message: string | undefined): string {
  const text = message === undefined || message === '' ? 'no more is said.' : message;
  return text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS)}…` : text;
}
