import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { VoiceRuntime, VoiceRuntimeStatus } from '#crds/voice-runtime/voice-runtime.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import { DEPLOYMENTS } from '#lib/kube/resource.ts';
import { digestOf } from '#operator/engine/child-kind.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import type { ReconcileContext } from '#operator/engine/controller.ts';
import type { EventRecorder } from '#operator/engine/event-recorder.ts';
import type { Autoscaler } from './autoscaler.ts';
import { madeCallTokenSecret } from './call-token-secret.ts';
import { type MissingNeed, managedVerdicts, wereMade } from './decide-managed.ts';
import { desiredRuntime, selectorText } from './desired-runtime.ts';
import type { EnginePlan } from './engines/engine-plan.ts';
import { judgeEngines } from './engines/judge-engines.ts';
import { planEngines } from './engines/plan-engines.ts';
import { ensureChildren } from './ensure-children.ts';
import { markPods, wronglyMarked } from './mark-pods.ts';
import type { NamedSecrets } from './named-secrets.ts';
import { type RuntimeSettings, secretVariables } from './pod-template.ts';
import type { Refusals } from './refusals.ts';
import { RUNTIME_LABELS, runtimeChildNames } from './runtime-names.ts';
import type { RuntimeWorld } from './runtime-world.ts';
import type { DeploymentObject } from './workload.ts';

export interface ManagedDependencies {
  readonly client: KubeClient;
  readonly children: RuntimeWorld;
  readonly secrets: NamedSecrets;
  readonly autoscaler: Autoscaler;
  readonly events: EventRecorder;
  readonly refusals: Refusals;
  readonly settings: RuntimeSettings;
  readonly masterKey: Uint8Array;
}

/** What a Managed VoiceRuntime is now, for its status. */
export interface ManagedOutcome {
  /** Available, Progressing and EnginesReady. */
  readonly verdicts: readonly Verdict[];
  readonly status: Pick<
    VoiceRuntimeStatus,
    'replicas' | 'readyReplicas' | 'desiredReplicas' | 'selector' | 'engines'
  >;
}

/** What others know of the runtime. */
export interface RuntimeFindings {
  /** What its pods last said; undefined where Redis did not answer. */
  readonly reports: readonly PodHeartbeat[] | undefined;
  /** Whether it has not answered for so long that it is to be said. */
  readonly isRedisAway: boolean;
  /** The carrier's id of its application; undefined until it is known. */
  readonly connectionID: string | undefined;
}

/** Makes and keeps the objects of a Managed VoiceRuntime and says how its pods and engines fare. */
export async function runManaged(
  runtime: VoiceRuntime,
  { reports, isRedisAway, connectionID }: RuntimeFindings,
  dependencies: ManagedDependencies,
  { signal, log }: ReconcileContext,
): Promise<ManagedOutcome> {
  const { client, children, autoscaler, settings, masterKey } = dependencies;
  const key = keyOf(runtime.metadata);
  const name = runtimeChildNames(runtime).workload;
  const deploymentKey = `${runtime.metadata.namespace ?? ''}/${name}`;
  const known = children.deployments.get(deploymentKey);
  const claims = children.claimsOf(key);
  const plan = planEngines(runtime, claims);
  const callTokenSecret = madeCallTokenSecret(masterKey, key);

  const needs = await needsOf(runtime, { plan, callTokenSecret, known }, dependencies);
  const replicas = sizeOf(runtime, reports, known, autoscaler);
  const refused = await ensureChildren({
    ...dependencies,
    runtime,
    desired: desiredRuntime(runtime, {
      plan,
      settings,
      callTokenSecret,
      pods: needs.pods === undefined ? undefined : { ...needs.pods, connectionID, replicas },
    }),
    untouched: needs.pods === undefined ? [{ kind: DEPLOYMENTS.kind, name }] : [],
    wereThere: wereMade(runtime.status, runtime.metadata.generation),
    signal,
  });

  const pods = children.podsOf(key);
  const own = pods.filter(({ metadata }) => metadata.labels?.[RUNTIME_LABELS.component] === 'runtime');
  await markPods(wronglyMarked(own, reports ?? []), { client, pods: children.pods, log, signal });

  const deployment = children.deployments.get(deploymentKey);
  const state = {
    missing: needs.missing,
    refused,
    replicas,
    deployment,
    pods: own,
    heard: reports !== undefined || !isRedisAway,
  };
  const engines = judgeEngines(plan, {
    deployments: children.deploymentsOf(key),
    pods,
    claims,
  });
  return {
    verdicts: [...managedVerdicts(state), engines.verdict],
    status: {
      replicas: deployment?.status?.replicas ?? 0,
      readyReplicas: deployment?.status?.readyReplicas ?? 0,
      ...(runtime.spec.autoscaling === undefined ? {} : { desiredReplicas: replicas }),
      selector: selectorText(runtime),
      engines: [...engines.statuses],
    },
  };
}

function sizeOf(
  runtime: VoiceRuntime,
  reports: readonly PodHeartbeat[] | undefined,
  known: DeploymentObject | undefined,
  autoscaler: Autoscaler,
): number {
  const { spec, status, metadata } = runtime;
  const { autoscaling } = spec;
  const key = keyOf(metadata);
  if (autoscaling === undefined) {
    autoscaler.forget(key);
    return spec.replicas;
  }
  return autoscaler.size(key, {
    autoscaling,
    reports,
    readyReplicas: known?.status?.readyReplicas ?? 0,
    present: status?.desiredReplicas ?? known?.spec?.replicas,
  });
}

/** What the pods are made from, as far as it is there. */
interface Needs {
  readonly pods: { image: string; mediaURL: string; secretsDigest: string } | undefined;
  readonly missing: MissingNeed | undefined;
}

/**
 * The digest covers every value that the pods read, so that a change of one replaces them. While a
 * Secret is missing, that of the pods that run stays: they are not replaced by ones that cannot start.
 */
async function needsOf(
  runtime: VoiceRuntime,
  made: { plan: EnginePlan; callTokenSecret: string; known: DeploymentObject | undefined },
  { secrets, settings }: ManagedDependencies,
): Promise<Needs> {
  const { spec, metadata } = runtime;
  const namespace = metadata.namespace ?? '';
  const image = spec.image ?? settings.image;
  const mediaURL = spec.endpoint?.mediaURL;
  if (image === undefined) {
    const message = 'spec.image is not set, and the operator was started without IMAGE.';
    return { pods: undefined, missing: { reason: 'ImageMissing', message } };
  }
  if (mediaURL === undefined) {
    const message = 'spec.endpoint.mediaURL is not set: the carrier could not open media sockets.';
    return { pods: undefined, missing: { reason: 'EndpointMissing', message } };
  }
  const generated = runtimeChildNames(runtime).secret;
  const digests: Record<string, string> = {
    '': secrets.digestOf(`${made.callTokenSecret}\n${settings.redisURL}`),
  };
  const messages: string[] = [];
  for (const { name, key, env } of secretVariables(runtime, made.plan)) {
    if (name === generated) continue;
    const value = await secrets.find({ namespace, name, key });
    if (value.kind === 'Found') digests[env] = value.digest;
    else messages.push(value.message);
  }
  const missing: MissingNeed | undefined =
    messages.length === 0
      ? undefined
      : { reason: 'SecretMissing', message: [...new Set(messages)].join(' ') };
  const secretsDigest = missing === undefined ? digestOf(digests) : made.known?.secretsDigest;
  return { pods: secretsDigest === undefined ? undefined : { image, mediaURL, secretsDigest }, missing };
}
