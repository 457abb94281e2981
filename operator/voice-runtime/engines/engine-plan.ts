import type { Engines } from '#crds/voice-runtime/engine.ts';
import type { VoiceRuntimeStatus } from '#crds/voice-runtime/voice-runtime.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import type { Resource } from '#lib/kube/resource.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import type { DeploymentObject, PodObject } from '#operator/voice-runtime/workload.ts';

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

export interface EnginePlan {
  /** The Deployments, Services and volumes of the engines that run in the cluster. */
  readonly children: readonly DesiredChild[];
  /** spec.engines with every endpoint filled in: the runtime's ENGINES. */
  readonly engines: Engines;
  /** The API keys of engines, for the runtime's pods. */
  readonly secretVariables: readonly SecretVariable[];
}

/** The caches that engines are judged by: objects of this VoiceRuntime's namespace and name. */
export interface EngineWorld {
  readonly deployments: readonly DeploymentObject[];
  readonly pods: readonly PodObject[];
}

export interface EngineJudgement {
  /** Of type EnginesReady. */
  readonly verdict: Verdict;
  readonly statuses: NonNullable<VoiceRuntimeStatus['engines']>;
}
