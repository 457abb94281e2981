import { VOICE_RUNTIME, type VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import type { ObjectMeta } from '#lib/kube/kube-object.ts';
import { apiVersionOf } from '#lib/kube/resource.ts';
import { FIELD_MANAGER, LABELS, MANAGED_SELECTOR } from '#operator/installation/names.ts';

/** The names and labels of what a Managed VoiceRuntime is made of. */

/** What a child is there for: the runtime's own pods, or those of an engine of this kind. */
export type Component = 'runtime' | 'stt' | 'llm' | 'tts';

export const RUNTIME_LABELS = {
  partOf: 'app.kubernetes.io/part-of',
  component: 'app.kubernetes.io/component',
  /** The name of the VoiceRuntime, which is in the child's own namespace. */
  runtime: 'veralux.io/runtime',
  /** The name of the engine in spec.engines; on engines' children only. */
  engine: 'veralux.io/engine',
} as const;

const PART_OF = 'veralux';

/**
 * Marks of the runtime's own pods that follow the calls they hold: what evicts, scales in or drains
 * nodes reads them. The label is what the PodDisruptionBudget selects by.
 */
export const POD_MARKS = {
  calls: 'veralux.io/calls',
  safeToEvict: 'cluster-autoscaler.kubernetes.io/safe-to-evict',
  deletionCost: 'controller.kubernetes.io/pod-deletion-cost',
} as const;

/** The values of the label: a pod that holds calls, and one that holds none. */
export const CALLS = { active: 'active', idle: 'idle' } as const;

/** Of equally ready pods, the one of the least cost goes first. */
export const DELETION_COST = { active: '100', idle: '0' } as const;

/** The runtime's Deployment, Service, budget and policy are named after it. */
export function runtimeChildNames({ metadata }: Pick<VoiceRuntime, 'metadata'>) {
  const { name } = metadata;
  return { workload: name, secret: `${name}-runtime`, serviceAccount: `${name}-runtime` } as const;
}

/** Selects the children of all VoiceRuntimes among what the operator has made. */
export const RUNTIME_FAMILY = `${RUNTIME_LABELS.partOf}=${PART_OF},${RUNTIME_LABELS.runtime}`;

export const RUNTIME_CHILDREN_SELECTOR = `${MANAGED_SELECTOR},${RUNTIME_FAMILY}`;

/** The labels of a child, and of the pods of a Deployment. */
export function childLabels(
  runtime: Pick<VoiceRuntime, 'metadata'>,
  component: Component,
  engine?: string,
): Readonly<Record<string, string>> {
  return {
    [LABELS.managedBy]: FIELD_MANAGER,
    [RUNTIME_LABELS.partOf]: PART_OF,
    [RUNTIME_LABELS.component]: component,
    [RUNTIME_LABELS.runtime]: runtime.metadata.name,
    ...(engine === undefined ? {} : { [RUNTIME_LABELS.engine]: engine }),
  };
}

/** What a Deployment, Service or PodDisruptionBudget selects its pods by. Never changes for a name. */
export function podSelector(
  runtime: Pick<VoiceRuntime, 'metadata'>,
  component: Component,
  engine?: string,
): Readonly<Record<string, string>> {
  const { [LABELS.managedBy]: _managed, ...selector } = childLabels(runtime, component, engine);
  return selector;
}

/** The metadata of a child: the runtime's namespace, and an owner reference, so that it goes with it. */
export function childMeta(
  runtime: Pick<VoiceRuntime, 'metadata'>,
  child: { readonly name: string; readonly component: Component; readonly engine?: string },
): ObjectMeta & Readonly<Record<string, unknown>> {
  const { name, namespace, uid } = runtime.metadata;
  if (uid === undefined) throw new Error(`VoiceRuntime ${name} has no uid`);
  return {
    name: child.name,
    namespace,
    labels: childLabels(runtime, child.component, child.engine),
    ownerReferences: [
      { apiVersion: apiVersionOf(VOICE_RUNTIME), kind: VOICE_RUNTIME.kind, name, uid, controller: true },
    ],
  };
}
