import type { KubeObject } from '#lib/kube/kube-object.ts';

/** What the caches keep of objects that there are ten thousand of: what is read, and no more. */

export interface KnownNamespace extends KubeObject {
  /** What the namespace controller says is in the way of its end; only while it is being deleted. */
  readonly remaining?: string;
}

interface LiveNamespace extends KnownNamespace {
  readonly status?: { readonly conditions?: readonly NamespaceCondition[] };
}

interface NamespaceCondition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

const OUR_PREFIX = 'veralux.io/';
const KEPT_LABELS = [OUR_PREFIX, 'app.kubernetes.io/managed-by', 'pod-security.kubernetes.io/enforce'];

/** Its labels and annotations that we give or look at. */
export function trimmedNamespace(object: LiveNamespace): KnownNamespace {
  const { name, uid, resourceVersion, labels, annotations, deletionTimestamp } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      uid,
      resourceVersion,
      labels: only(labels, KEPT_LABELS),
      annotations: only(annotations, [OUR_PREFIX]),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    ...(deletionTimestamp === undefined ? {} : { remaining: remainingIn(object) }),
  };
}

/** Without labels and others' annotations: kubectl keeps a copy of the whole spec in one of those. */
export function trimmedTenant<T extends KubeObject>(tenant: T): T {
  const { name, uid, resourceVersion, generation, creationTimestamp } = tenant.metadata;
  const { annotations, finalizers, deletionTimestamp } = tenant.metadata;
  return {
    ...tenant,
    metadata: {
      name,
      uid,
      resourceVersion,
      generation,
      creationTimestamp,
      annotations: only(annotations, [OUR_PREFIX]),
      finalizers,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
  };
}

/** Kubernetes' own words, such as `Some content in the namespace has finalizers remaining: …`. */
function remainingIn({ metadata, status }: LiveNamespace): string {
  const said = (status?.conditions ?? []).flatMap(({ status: holds, message }) =>
    holds === 'True' && message !== undefined ? message : [],
  );
  const held = (metadata.finalizers ?? []).map(
    (one) => `The namespace itself is held by the finalizer ${one}.`,
  );
  return [...said, ...held].join(' ');
}

function only(
  entries: Readonly<Record<string, string>> | undefined,
  prefixes: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(entries ?? {}).filter(([key]) => prefixes.some((prefix) => key.startsWith(prefix))),
  );
}
