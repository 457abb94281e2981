import {
  VOICE_RUNTIME,
  type VoiceRuntimeStatus,
  voiceRuntimeSchema,
} from '#crds/voice-runtime/voice-runtime.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { writeStatus } from '#operator/engine/apply.ts';
import { type Condition, mergeConditions } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { FIELD_MANAGER, isPlatform, LABELS } from '#operator/installation/names.ts';
import { servedVerdict } from '#operator/world/served.ts';
import { verdict } from '#operator/world/verdict.ts';
import type { RawVoiceRuntime, World } from '#operator/world/world.ts';
import {
  availableVerdict,
  countsOf,
  enginesVerdict,
  type RuntimeCounts,
  runtimeReady,
} from './decide-voice-runtime.ts';
import type { Applications } from './ensure-application.ts';
import { readPodReports } from './pod-reports.ts';
import type { StatusPace } from './status-pace.ts';

export interface VoiceRuntimeDependencies {
  readonly world: World;
  readonly client: KubeClient;
  readonly redis: Redis;
  readonly applications: Applications;
  readonly pace: StatusPace;
  readonly clock: Clock;
}

/** How often the pods' heartbeats are read. */
const LOOK_MS = 2_000;

/** Judges one VoiceRuntime by its pods' heartbeats and keeps its Call Control application right. */
export async function reconcileVoiceRuntime(
  key: string,
  dependencies: VoiceRuntimeDependencies,
  { signal }: ReconcileContext,
): Promise<Outcome> {
  const { world, client, redis, applications, pace, clock } = dependencies;
  const raw = world.runtimes.get(key);
  if (raw === undefined || raw.metadata.deletionTimestamp !== undefined) {
    applications.forget(key);
    pace.forget(key);
    return {};
  }
  const { namespace = '' } = raw.metadata;
  if (!isPlatform(world.namespaces.get(namespace))) {
    const message =
      `VoiceRuntimes are looked after in platform namespaces only. If ${namespace} is to be one: ` +
      `kubectl label namespace ${namespace} ${LABELS.platform}=true`;
    return refuse(raw, message, dependencies);
  }
  const parsed = voiceRuntimeSchema.safeParse(raw);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    return refuse(raw, issues.join('; '), dependencies);
  }
  const { spec } = parsed.data;
  const counts = countsOf(await readPodReports(redis, key, clock.now()));
  const application = await applications.ensure(parsed.data);
  const verdicts = [availableVerdict(spec, counts), enginesVerdict(spec), application.verdict];
  const conditions = conditionsOf(
    raw,
    [runtimeReady(verdicts), ...verdicts, servedVerdict('VoiceRuntime', spec)],
    clock.now(),
  );
  const status = {
    observedGeneration: raw.metadata.generation,
    ...shownCounts(raw.status, counts, pace.mayShowCounts(key)),
    connectionID: application.connectionID,
    conditions,
  };
  await writeStatus({
    client,
    resource: VOICE_RUNTIME,
    fieldManager: FIELD_MANAGER,
    object: raw,
    status,
    signal,
  });
  return { requeueAfterMs: LOOK_MS };
}

/** Says why nothing is done for this VoiceRuntime. */
async function refuse(
  raw: RawVoiceRuntime,
  message: string,
  { client, clock }: VoiceRuntimeDependencies,
): Promise<Outcome> {
  const conditions = conditionsOf(raw, [verdict('Ready', 'False', 'InvalidSpec', message)], clock.now());
  const status = { ...raw.status, observedGeneration: raw.metadata.generation, conditions };
  await writeStatus({ client, resource: VOICE_RUNTIME, fieldManager: FIELD_MANAGER, object: raw, status });
  return {};
}

function conditionsOf(raw: RawVoiceRuntime, verdicts: Parameters<typeof mergeConditions>[1], nowMs: number) {
  const before: readonly Condition[] = raw.status?.conditions ?? [];
  return mergeConditions(before, verdicts, { nowMs, generation: raw.metadata.generation ?? 0 });
}

/** The counts as the status has them, until it is time to show new ones. */
function shownCounts(
  status: VoiceRuntimeStatus | undefined,
  counts: RuntimeCounts,
  mayShow: boolean,
): Partial<RuntimeCounts> {
  if (mayShow || status?.activeCalls === undefined) return counts;
  const { replicas = 0, readyReplicas = 0, activeCalls } = status;
  return { replicas, readyReplicas, activeCalls };
}
