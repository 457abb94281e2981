import type { Engines } from '#crds/voice-runtime/engine.ts';
import type { EngineKind } from '#crds/voice-runtime/engine-key.ts';
import type { VoiceRuntimeStatus } from '#crds/voice-runtime/voice-runtime.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import type { DeploymentObject, PodObject } from '#operator/voice-runtime/workload.ts';
import type { EngineDeployment } from './engine-recipe.ts';

/** What the rooms of the runtime and of its engines tell each other. */

/** An object that has to exist exactly so. */
export interface DesiredChild {
  readonly resource: Resource;
  readonly desired: Applied;
}

/** A key of a Secret that the runtime's pods get as an environment variable. */
export interface SecretVariable {
  /** The Secret, in the runtime's namespace. */
  readonly name: string;
  readonly key: string;
  readonly env: string;
}

/** One engine of the spec, as it is judged and shown. */
export interface PlannedEngine {
  readonly kind: EngineKind;
  readonly name: string;
  /** Where the runtime's pods call it. */
  readonly endpoint: string;
  /** What the operator runs; undefined for an engine that runs elsewhere. */
  readonly deployment?: PlannedDeployment | undefined;
}

export interface PlannedDeployment {
  readonly name: string;
  /** What people call the server, such as vLLM. */
  readonly server: string;
  readonly image: string;
  readonly replicas: number;
  readonly gpus: number;
  /** How long the start-up probe waits for the model. */
  readonly startupTimeoutSeconds: number;
  /** The volume that the spec asks for; it is named like the Deployment. */
  readonly cache?: EngineDeployment['cache'];
}

export interface EnginePlan {
  /** All engines: by kind, the preferred one first, then its fallbacks. */
  readonly planned: readonly PlannedEngine[];
  /** The Deployments, Services and volumes of the engines that run in the cluster. */
  readonly children: readonly DesiredChild[];
  /** spec.engines with every endpoint filled in: the runtime's ENGINES. */
  readonly engines: Engines;
  /** The API keys of engines, for the runtime's pods. */
  readonly secretVariables: readonly SecretVariable[];
}

/** A PersistentVolumeClaim as the operator reads it. */
export interface ClaimObject extends KubeObject {
  readonly spec?:
    | {
        readonly accessModes?: readonly string[] | undefined;
        readonly storageClassName?: string | undefined;
        readonly resources?: { readonly requests?: Readonly<Record<string, string>> | undefined } | undefined;
      }
    | undefined;
}

/** The caches that engines are judged by: objects of this VoiceRuntime's namespace and name. */
export interface EngineWorld {
  readonly deployments: readonly DeploymentObject[];
  readonly pods: readonly PodObject[];
  readonly claims: readonly ClaimObject[];
}

export interface EngineJudgement {
  /** Of type EnginesReady. */
  readonly verdict: Verdict;
  readonly statuses: NonNullable<VoiceRuntimeStatus['engines']>;
}
