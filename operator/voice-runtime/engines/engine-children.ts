import type { EngineKind } from '#crds/voice-runtime/engine-key.ts';
import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import {
  apiVersionOf,
  DEPLOYMENTS,
  NETWORK_POLICIES,
  PERSISTENT_VOLUME_CLAIMS,
  type Resource,
  SERVICES,
} from '#lib/kube/resource.ts';
import { childMeta, podSelector } from '#operator/voice-runtime/runtime-names.ts';
import type { EngineOfRuntime } from './engine-of-runtime.ts';
import type { ClaimObject, DesiredChild } from './engine-plan.ts';
import { podTemplate } from './engine-pod.ts';
import type { EngineDeployment } from './engine-recipe.ts';

export function engineChildName(runtime: VoiceRuntime, kind: EngineKind, engine: string): string {
  return `${runtime.metadata.name}-${kind}-${engine}`;
}

/** The Deployment of an engine, its Service, who may call it and, where it has a cache, its volume. */
export function engineChildren(engine: EngineOfRuntime): readonly DesiredChild[] {
  const children = [serviceOf(engine), policyOf(engine), deploymentOf(engine)];
  const { cache } = engine.deployment;
  if (cache === undefined || engine.recipe.modelPath === undefined) return children;
  return [child(PERSISTENT_VOLUME_CLAIMS, engine, volumeSpec(cache, engine.claim)), ...children];
}

/** An existing volume is wanted as it is: nearly nothing of it may be changed. */
function volumeSpec(cache: NonNullable<EngineDeployment['cache']>, claim: ClaimObject | undefined): object {
  const storageClassName = claim?.spec === undefined ? cache.storageClassName : claim.spec.storageClassName;
  return {
    accessModes: claim?.spec?.accessModes ?? [cache.accessMode],
    resources: claim?.spec?.resources ?? { requests: { storage: String(cache.size) } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
    volumeMode: 'Filesystem',
  };
}

function serviceOf(engine: EngineOfRuntime): DesiredChild {
  return child(SERVICES, engine, {
    type: 'ClusterIP',
    selector: selectorOf(engine),
    ports: [{ name: 'http', protocol: 'TCP', port: engine.recipe.port, targetPort: 'http' }],
  });
}

/** Engines ask for no key: only the pods of their runtime may call them. */
function policyOf(engine: EngineOfRuntime): DesiredChild {
  return child(NETWORK_POLICIES, engine, {
    podSelector: { matchLabels: selectorOf(engine) },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [{ podSelector: { matchLabels: podSelector(engine.runtime, 'runtime') } }],
        ports: [{ protocol: 'TCP', port: engine.recipe.port }],
      },
    ],
  });
}

function deploymentOf(engine: EngineOfRuntime): DesiredChild {
  const { replicas, startupTimeoutSeconds } = engine.deployment;
  return child(DEPLOYMENTS, engine, {
    replicas,
    selector: { matchLabels: selectorOf(engine) },
    strategy: strategyOf(engine.deployment),
    // Fetching the image of several GiB comes before the start-up probe.
    progressDeadlineSeconds: startupTimeoutSeconds + 1_200,
    revisionHistoryLimit: 3,
    template: podTemplate(engine),
  });
}

/**
 * A volume of one node, and a GPU that is the only one free, are let go by the old pod before the new
 * one can have them.
 */
function strategyOf({ replicas, gpus, cache }: EngineDeployment): object {
  if (cache?.accessMode === 'ReadWriteOnce' || (gpus > 0 && replicas <= 1)) return { type: 'Recreate' };
  const rollingUpdate = gpus > 0 ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: 1, maxUnavailable: 0 };
  return { type: 'RollingUpdate', rollingUpdate };
}

function selectorOf({ runtime, kind, name }: EngineOfRuntime): Readonly<Record<string, string>> {
  return podSelector(runtime, kind, name);
}

function child(
  resource: Resource,
  { runtime, kind, name, childName }: EngineOfRuntime,
  spec: object,
): DesiredChild {
  return {
    resource,
    desired: {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: childMeta(runtime, { name: childName, component: kind, engine: name }),
      spec,
    },
  };
}
