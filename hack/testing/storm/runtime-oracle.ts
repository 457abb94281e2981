/** What differs between the storm's VoiceRuntime, with all that it is made of, and what was asked for. */
import { VOICE_RUNTIME, voiceRuntimeSchema } from '#crds/voice-runtime/voice-runtime.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { PERSISTENT_VOLUME_CLAIMS, PODS, type Resource } from '#lib/kube/resource.ts';
import { digestOf, type Fields, ownedPart } from '#operator/engine/child-kind.ts';
import { deriveSecret } from '#operator/installation/master-key.ts';
import { CHILD_NAMES } from '#operator/installation/names.ts';
import { RUNTIME_CHILD_KINDS } from '#operator/voice-runtime/child-kinds.ts';
import { desiredRuntime } from '#operator/voice-runtime/desired-runtime.ts';
import type { ClaimObject, DesiredChild } from '#operator/voice-runtime/engines/engine-plan.ts';
import { planEngines } from '#operator/voice-runtime/engines/plan-engines.ts';
import { SECRETS_DIGEST } from '#operator/voice-runtime/pod-template.ts';
import { conditionOf, type OperatorBench, RUNTIME, type Shown, SYSTEM } from '../operator-bench.ts';
import { masterKeyOf } from './child-oracle.ts';
import type { ModelRuntime, RuntimeLook } from './model.ts';
import { same, settled } from './same.ts';
import { RUNTIME_IMAGE, runsEngine } from './specs.ts';
import { type FoundChild, runtimeChildren } from './vandalise.ts';

export async function runtimeDifferences(bench: OperatorBench, runtime: ModelRuntime): Promise<string[]> {
  const { admin } = bench;
  const { items } = await admin.list<Shown>(VOICE_RUNTIME, { namespace: SYSTEM });
  const names = items.map(({ metadata }) => metadata.name).filter((name) => name !== RUNTIME.name);
  const { ref, wanted } = runtime;
  const different = [
    ...same('VoiceRuntimes', names, wanted === undefined ? [] : [ref.name]),
    ...items.filter(({ metadata }) => metadata.name === RUNTIME.name).flatMap(benchDifferences),
  ];
  const found = items.find(({ metadata }) => metadata.name === ref.name);
  const children = await runtimeChildren(admin, ref);
  if (wanted === undefined || found === undefined) {
    // One that was disowned is nobody's to remove, as after `kubectl delete --cascade=orphan`.
    const owned = children.filter(({ object }) => object.metadata.ownerReferences !== undefined);
    return [...different, ...same(`left of ${ref.name}`, owned.map(pathOf), [])];
  }
  const desired = wanted.mode === 'Managed' ? await desiredOf(bench, found, children, wanted) : [];
  return [
    ...different,
    ...same(
      `children of ${ref.name}`,
      children.map(pathOf).toSorted(),
      desired.map(pathOfDesired).toSorted(),
    ),
    ...desired.flatMap((child) => childDifferences(child, children)),
    ...statusDifferences(found, wanted),
    ...(wanted.mode === 'Managed' ? await podDifferences(bench, { found, children, wanted }) : []),
  ];
}

/** The one that tenants are on, whose pod reports again when a storm is over. */
function benchDifferences(found: Shown): string[] {
  return [
    ...settled(found),
    ...same(`${RUNTIME.name} Ready`, conditionOf(found, 'Ready')?.reason, 'Ready'),
    ...same(`${RUNTIME.name} replicas`, found.status?.['replicas'], 1),
  ];
}

async function desiredOf(
  bench: OperatorBench,
  found: Shown,
  children: readonly FoundChild[],
  { replicas }: RuntimeLook,
): Promise<readonly DesiredChild[]> {
  const runtime = voiceRuntimeSchema.parse(found);
  const { name } = found.metadata;
  const claims = children
    .filter(({ resource }) => resource.kind === PERSISTENT_VOLUME_CLAIMS.kind)
    .map(({ object }) => object as ClaimObject);
  const deployment: Shown | undefined = children.find(
    (child) => pathOf(child) === `Deployment/${name}`,
  )?.object;
  const template = deployment?.spec?.['template'] as KubeObject | undefined;
  // Keyed, and of values that nobody changes here: only that there is one.
  const secretsDigest = template?.metadata.annotations?.[SECRETS_DIGEST] ?? 'none';
  const subject = `${SYSTEM}/${name}`;
  const masterKey = await masterKeyOf(bench);
  return desiredRuntime(runtime, {
    plan: planEngines(runtime, claims),
    settings: { image: undefined, redisURL: bench.testRedis.url, telnyxBaseURL: bench.telnyx.url },
    callTokenSecret: deriveSecret(masterKey, { purpose: 'call-tokens', subject, generation: 1 }),
    pods: {
      image: RUNTIME_IMAGE,
      mediaURL: runtime.spec.endpoint?.mediaURL ?? '',
      connectionID: runtime.status?.connectionID,
      replicas,
      secretsDigest,
    },
  });
}

function childDifferences(child: DesiredChild, children: readonly FoundChild[]): string[] {
  const live = children.find((one) => pathOf(one) === pathOfDesired(child))?.object;
  if (live === undefined) return [];
  const found = oursOf(child.resource, live);
  const wanted = oursOf(child.resource, child.desired);
  if (digestOf(found) === digestOf(wanted)) return [];
  return [`${pathOfDesired(child)}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`];
}

/** The operator's part of a child, as it is or as it should be. */
function oursOf(resource: Resource, object: { readonly metadata: KubeObject['metadata'] }): Fields {
  const kind = RUNTIME_CHILD_KINDS.find((one) => one.resource.kind === resource.kind);
  if (kind === undefined) throw new Error(`${resource.kind} is no kind of a runtime's children`);
  return ownedPart(kind, CHILD_NAMES, { ...object }, object.metadata);
}

function statusDifferences(found: Shown, wanted: RuntimeLook): string[] {
  const { name } = found.metadata;
  const reasonIs = (type: string, reason: string | undefined) =>
    same(`${name} ${type}`, conditionOf(found, type)?.reason, reason);
  const isManaged = wanted.mode === 'Managed';
  const isEmpty = wanted.replicas === 0;
  const engines = runsEngine(wanted) ? 'Starting' : 'Elsewhere';
  return [
    ...settled(found),
    ...reasonIs('Available', !isManaged ? 'NoPods' : isEmpty ? 'ScaledToZero' : 'Starting'),
    ...reasonIs('Progressing', !isManaged ? undefined : isEmpty ? 'Complete' : 'RollingOut'),
    ...reasonIs('EnginesReady', isManaged ? engines : 'External'),
    ...reasonIs('TelnyxConfigured', 'Configured'),
  ];
}

/**
 * Whether the status has heard of the last pod. No node is there, so that they wait for ever, also those of
 * before a rollout beside those of after it; of pods that wait in the same way the first by name is named.
 */
async function podDifferences(
  { admin }: OperatorBench,
  {
    found,
    children,
    wanted,
  }: { readonly found: Shown; readonly children: readonly FoundChild[]; readonly wanted: RuntimeLook },
): Promise<string[]> {
  const { name } = found.metadata;
  const { replicas } = wanted;
  const labelSelector = `veralux.io/runtime=${name}`;
  const { items } = await admin.list<KubeObject>(PODS, { namespace: SYSTEM, labelSelector });
  const podsOf = (component: string) =>
    items
      .filter(({ metadata: { labels, deletionTimestamp } }) => {
        return labels?.['app.kubernetes.io/component'] === component && deletionTimestamp === undefined;
      })
      .map(({ metadata }) => metadata.name)
      .toSorted();
  const says = (type: string, words: string) => {
    const message = conditionOf(found, type)?.message ?? '';
    return message.includes(words) ? [] : [`${name} ${type} says: ${message} instead of ${words}`];
  };
  const namesFirst = (type: string, component: string) =>
    says(type, `${podsOf(component)[0]} is not ready yet`);
  const deployment: Shown | undefined = children.find(
    (child) => pathOf(child) === `Deployment/${name}`,
  )?.object;
  const updated = Number(deployment?.status?.['updatedReplicas'] ?? 0);
  const counts = [found.status?.['replicas'], deployment?.status?.['replicas'] ?? 0];
  const made = `${Math.min(updated, replicas)} of ${replicas} pods are made, 0 ready.`;
  const pods = podsOf('runtime').length;
  return [
    ...same(`${name} replicas`, counts, [pods, pods]),
    ...(replicas === 0 ? [] : [...namesFirst('Available', 'runtime'), ...says('Progressing', made)]),
    ...(runsEngine(wanted) ? namesFirst('EnginesReady', 'stt') : []),
  ];
}

function pathOf({ resource, object }: FoundChild): string {
  return `${resource.kind}/${object.metadata.name}`;
}

function pathOfDesired({ resource, desired }: DesiredChild): string {
  return `${resource.kind}/${desired.metadata.name}`;
}
