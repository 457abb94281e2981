import type { KubeObject } from '#lib/kube/kube-object.ts';

/** Deployments and pods as the operator reads them; the rest of a pod is not kept. */

interface StatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface DeploymentObject extends KubeObject {
  readonly spec?: { readonly replicas?: number | undefined; readonly [field: string]: unknown } | undefined;
  /** The digest of the Secrets' values with which the runtime's pods were made. */
  readonly secretsDigest?: string;
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined;
        readonly replicas?: number | undefined;
        readonly readyReplicas?: number | undefined;
        readonly updatedReplicas?: number | undefined;
        readonly availableReplicas?: number | undefined;
        readonly conditions?: readonly StatusCondition[] | undefined;
      }
    | undefined;
}

export interface ContainerState {
  readonly name: string;
  readonly ready: boolean;
  /** False until the start-up probe has passed. */
  readonly started?: boolean | undefined;
  readonly restartCount?: number | undefined;
  readonly state?:
    | {
        readonly waiting?: { readonly reason?: string; readonly message?: string } | undefined;
        readonly running?: { readonly startedAt?: string } | undefined;
        readonly terminated?: { readonly reason?: string; readonly exitCode?: number } | undefined;
      }
    | undefined;
  readonly lastState?:
    | { readonly terminated?: { readonly reason?: string; readonly exitCode?: number } | undefined }
    | undefined;
}

/** A pod of a runtime or an engine; metadata holds name, namespace, uid, resourceVersion, labels, annotations, deletionTimestamp. */
export interface PodObject extends KubeObject {
  readonly status?:
    | {
        readonly phase?: string | undefined;
        readonly conditions?: readonly StatusCondition[] | undefined;
        /** Of init containers too. */
        readonly containerStatuses?: readonly ContainerState[] | undefined;
      }
    | undefined;
}
