import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import {
  VOICE_RUNTIME,
  type VoiceRuntime,
  type VoiceRuntimeStatus,
  voiceRuntimeSchema,
} from '#crds/voice-runtime/voice-runtime.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import { writeStatus } from '#operator/engine/apply.ts';
import { type Condition, mergeConditions } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { FIELD_MANAGER, isPlatform, LABELS } from '#operator/installation/names.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';
import type { RawVoiceRuntime } from '#operator/world/raw-objects.ts';
import { servedVerdict } from '#operator/world/served.ts';
import { verdict } from '#operator/world/verdict.ts';
import type { World } from '#operator/world/world.ts';
import {
  countsOf,
  externalEngines,
  externallyAvailable,
  leftBehind,
  runtimeReady,
  unheard,
} from './decide-voice-runtime.ts';
import type { Applications } from './ensure-application.ts';
import { ensureChildren } from './ensure-children.ts';
import type { PodReports } from './pod-reports.ts';
import { type ManagedDependencies, type ManagedOutcome, runManaged } from './run-managed.ts';
import type { StatusPace } from './status-pace.ts';

export interface VoiceRuntimeDependencies extends ManagedDependencies {
  readonly world: World;
  readonly podReports: PodReports;
  readonly applications: Applications;
  readonly pace: StatusPace;
  readonly clock: Clock;
}

/** How often the pods' heartbeats are read. */
const LOOK_MS = 2_000;

/**
 * Runs one VoiceRuntime where it is Managed, follows its pods by their heartbeats where it is
 * External, and keeps its Call Control application right.
 */
export async function reconcileVoiceRuntime(
  key: string,
  dependencies: VoiceRuntimeDependencies,
  context: ReconcileContext,
): Promise<Outcome> {
  const { world, client, applications, pace, clock } = dependencies;
  const raw = world.runtimes.get(key);
  if (raw === undefined || raw.metadata.deletionTimestamp !== undefined) {
    applications.forget(key);
    pace.forget(key);
    dependencies.podReports.forget(key);
    dependencies.autoscaler.forget(key);
    dependencies.refusals.forget(key);
    await dependencies.secrets.keepOnly(managedNamespaces(world));
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
  const runtime = parsed.data;
  const { spec } = runtime;
  const reports = await reportsOf(key, dependencies);
  // Before the pods, which are told its id: one that is known only later, or changes, replaces them.
  const application = await applications.ensure(runtime);
  const { connectionID } = application;
  const outcome =
    spec.mode === 'Managed'
      ? await runManaged(
          runtime,
          { reports, isRedisAway: dependencies.podReports.isAway(key), connectionID },
          dependencies,
          context,
        )
      : await followExternal(runtime, reports, dependencies, context);
  const verdicts = [...outcome.verdicts, application.verdict];
  // Of what runs elsewhere no rollout is known: the last one, of when it was Managed, is over.
  const before = spec.mode === 'Managed' ? conditionsIn(raw) : withoutProgress(conditionsIn(raw));
  const judged = [runtimeReady(verdicts), ...verdicts, servedVerdict('VoiceRuntime', spec)];
  const { generation = 0 } = raw.metadata;
  const conditions = mergeConditions(before, judged, { nowMs: clock.now(), generation });
  const status = {
    observedGeneration: raw.metadata.generation,
    ...outcome.status,
    activeCalls: shownCalls(raw.status, reports, () => pace.mayShowCounts(key)),
    connectionID,
    conditions,
  };
  await writeStatus({
    client,
    resource: VOICE_RUNTIME,
    fieldManager: FIELD_MANAGER,
    object: raw,
    status,
    signal: context.signal,
  });
  return { requeueAfterMs: LOOK_MS };
}

/** What the pods last said; undefined while Redis cannot be asked. */
async function reportsOf(
  key: string,
  { podReports }: VoiceRuntimeDependencies,
): Promise<readonly PodHeartbeat[] | undefined> {
  try {
    return await podReports.of(key);
  } catch (error) {
    if (error instanceof RedisUnavailable) return undefined;
    throw error;
  }
}

/** Judges a runtime that runs elsewhere; what was made for it while it was Managed goes. */
async function followExternal(
  runtime: VoiceRuntime,
  reports: readonly PodHeartbeat[] | undefined,
  dependencies: VoiceRuntimeDependencies,
  { signal }: ReconcileContext,
): Promise<ManagedOutcome> {
  dependencies.autoscaler.forget(keyOf(runtime.metadata));
  await dependencies.secrets.keepOnly(managedNamespaces(dependencies.world));
  const refused = await ensureChildren({
    ...dependencies,
    runtime,
    desired: [],
    untouched: [],
    wereThere: false,
    signal,
  });
  const { replicas, readyReplicas } = reports === undefined ? (runtime.status ?? {}) : countsOf(reports);
  const available =
    reports === undefined
      ? unheard(runtime.status?.conditions ?? [], {
          generation: runtime.metadata.generation ?? 0,
          isAway: dependencies.podReports.isAway(keyOf(runtime.metadata)),
        })
      : externallyAvailable(countsOf(reports));
  const verdicts = [available, externalEngines(), ...leftBehind(refused)];
  return { verdicts, status: { replicas, readyReplicas } };
}

/** Where the Secrets that VoiceRuntimes name have to be watched. */
function managedNamespaces(world: World): ReadonlySet<string> {
  const managed = world.runtimes
    .list()
    .filter(
      ({ metadata, spec }) => metadata.deletionTimestamp === undefined && spec?.['mode'] !== 'External',
    );
  return new Set(managed.map(({ metadata }) => metadata.namespace ?? ''));
}

/** Says why nothing is done for this VoiceRuntime. */
async function refuse(
  raw: RawVoiceRuntime,
  message: string,
  { client, clock }: VoiceRuntimeDependencies,
): Promise<Outcome> {
  const { generation = 0 } = raw.metadata;
  const judged = [verdict('Ready', 'False', 'InvalidSpec', message)];
  const conditions = mergeConditions(conditionsIn(raw), judged, { nowMs: clock.now(), generation });
  const status = { ...raw.status, observedGeneration: raw.metadata.generation, conditions };
  await writeStatus({ client, resource: VOICE_RUNTIME, fieldManager: FIELD_MANAGER, object: raw, status });
  return {};
}

function conditionsIn({ status }: RawVoiceRuntime): readonly Condition[] {
  return status?.conditions ?? [];
}

function withoutProgress(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.filter(({ type }) => type !== 'Progressing');
}

/** The calls in progress as the status has them, until it is time to show them anew. */
function shownCalls(
  status: VoiceRuntimeStatus | undefined,
  reports: readonly PodHeartbeat[] | undefined,
  mayShow: () => boolean,
): number | undefined {
  if (reports === undefined) return status?.activeCalls;
  const { activeCalls } = countsOf(reports);
  if (status?.activeCalls === activeCalls) return activeCalls;
  return status?.activeCalls === undefined || mayShow() ? activeCalls : status.activeCalls;
}
