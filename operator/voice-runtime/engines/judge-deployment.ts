import type { ReasonOf } from '#crds/conditions/reasons.ts';
import { canonicalAmount } from '#operator/voice-runtime/child-kinds.ts';
import { podTrouble } from '#operator/voice-runtime/pod-trouble.ts';
import type { ContainerState, DeploymentObject, PodObject } from '#operator/voice-runtime/workload.ts';
import type { ClaimObject, PlannedDeployment } from './engine-plan.ts';
import { CONTAINERS } from './engine-pod.ts';

/** An engine's Deployment as the cluster has it. */
export interface DeploymentState {
  /** Whether at least one pod serves. */
  readonly ready: boolean;
  /** Why it is not, or not wholly; undefined where nothing is wrong. */
  readonly reason?: ReasonOf<'EnginesReady'> | undefined;
  /** Whole sentences; also of what is to be known while it serves. */
  readonly messages: readonly string[];
}

export interface DeploymentWorld {
  readonly deployment: DeploymentObject | undefined;
  /** The pods of this engine alone. */
  readonly pods: readonly PodObject[];
  readonly claim: ClaimObject | undefined;
}

/** What keeps an engine's pods from serving, in the order in which a pod comes into being. */
export function judgeDeployment(planned: PlannedDeployment, world: DeploymentWorld): DeploymentState {
  const wanted = planned.replicas;
  const serving = world.deployment?.status?.readyReplicas ?? 0;
  const volume = volumeDiffers(planned, world.claim);
  const known = volume === undefined ? [] : [volume];
  if (wanted === 0) {
    return { ready: false, reason: 'ScaledToZero', messages: ['deployment.replicas is 0.', ...known] };
  }
  const trouble = troubleOf(planned, world);
  if (trouble === undefined && serving >= wanted) return { ready: true, messages: known };
  const count = `${serving} of ${wanted} ${wanted === 1 ? 'pod is' : 'pods are'} ready.`;
  const { reason, message } = trouble ?? { reason: 'Starting', message: 'Its pods are being made.' };
  return { ready: serving > 0, reason, messages: [count, message, ...known] };
}

interface Trouble {
  readonly reason: ReasonOf<'EnginesReady'>;
  readonly message: string;
}

function troubleOf(planned: PlannedDeployment, { deployment, pods }: DeploymentWorld): Trouble | undefined {
  const trouble = podTrouble(deployment, pods);
  if (trouble === undefined) return undefined;
  const { reason, message } = trouble;
  if (reason === 'Unschedulable') return unschedulable(planned, message);
  if (reason === 'ImageNotPulled') return { reason, message: `${planned.image}: ${message}` };
  if (reason !== 'Starting' && reason !== 'CrashLooping') return { reason, message };
  return killedForMemory(pods) ?? (reason === 'Starting' ? starting(planned, pods, message) : trouble);
}

/** The scheduler says a volume that is not there in the same way as a node that is not there. */
function unschedulable({ name, gpus, cache }: PlannedDeployment, message: string): Trouble {
  if (/PersistentVolumeClaim|persistentvolumeclaim/.test(message)) {
    const provider =
      cache?.storageClassName === undefined
        ? 'a default StorageClass that makes volumes'
        : `a StorageClass ${cache.storageClassName} that makes volumes`;
    return {
      reason: 'VolumePending',
      message: `${message} Is there ${provider}? See: kubectl describe pvc ${name}`,
    };
  }
  const hint = gpus > 0 ? ` It asks for ${gpus} nvidia.com/gpu.` : '';
  return { reason: 'Unschedulable', message: `${message}${hint}` };
}

function killedForMemory(pods: readonly PodObject[]): Trouble | undefined {
  for (const { metadata, status } of living(pods)) {
    for (const { name, ready, state, lastState } of status?.containerStatuses ?? []) {
      const ended = state?.terminated ?? lastState?.terminated;
      if (ready || ended?.reason !== 'OOMKilled') continue;
      const message = `The container ${name} of the pod ${metadata.name} was killed because it used more memory than its limit or its node has (OOMKilled): raise deployment.resources, or take a smaller model.`;
      return { reason: 'CrashLooping', message };
    }
  }
  return undefined;
}

/** Running and not ready yet: the model is on its way. */
function starting(planned: PlannedDeployment, pods: readonly PodObject[], otherwise: string): Trouble {
  for (const { metadata, status } of living(pods)) {
    const containers = status?.containerStatuses ?? [];
    const fetching = containers.find(({ name, state }) => name === CONTAINERS.fetchModel && state?.running);
    if (fetching !== undefined) {
      const message = `${planned.server} fetches its model${since(fetching)} (pod ${metadata.name}).`;
      return { reason: 'ModelLoading', message };
    }
    const loading = containers.find(
      ({ name, state, started }) => name === CONTAINERS.server && state?.running && started !== true,
    );
    if (loading !== undefined) {
      const restarts = loading.restartCount ?? 0;
      const again = restarts === 0 ? '' : ` It was started anew ${restarts} times.`;
      const message = `${planned.server} loads its model${since(loading)} (pod ${metadata.name}); it may take ${planned.startupTimeoutSeconds} s.${again}`;
      return { reason: 'ModelLoading', message };
    }
  }
  return { reason: 'Starting', message: otherwise };
}

function since({ state }: ContainerState): string {
  const startedAt = state?.running?.startedAt;
  return startedAt === undefined ? '' : ` since ${startedAt}`;
}

function living(pods: readonly PodObject[]): readonly PodObject[] {
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** A volume is made once; what the spec says differently later is said, not done. */
function volumeDiffers(
  { name, cache }: PlannedDeployment,
  claim: ClaimObject | undefined,
): string | undefined {
  if (cache === undefined || claim?.spec === undefined) return undefined;
  const { resources, storageClassName, accessModes = [] } = claim.spec;
  const size = resources?.requests?.['storage'];
  const differences = [
    ...(size === undefined || canonicalAmount(size) === canonicalAmount(cache.size)
      ? []
      : [`size ${size}, not ${cache.size}`]),
    ...(cache.storageClassName === undefined || cache.storageClassName === storageClassName
      ? []
      : [`class ${storageClassName ?? 'none'}, not ${cache.storageClassName}`]),
    ...(accessModes.includes(cache.accessMode)
      ? []
      : [`access ${accessModes.join(', ')}, not ${cache.accessMode}`]),
  ];
  if (differences.length === 0) return undefined;
  return `Its volume ${name} was made with ${differences.join(' and ')}, and is kept: grow it with kubectl patch pvc, or delete it to have it made anew.`;
}
