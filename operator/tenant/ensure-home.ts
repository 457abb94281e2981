import type { TenantSpec } from '#crds/tenant/tenant.ts';
import { hasReason, isConflict, KubeError } from '#lib/kube/kube-error.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import type { EventNote } from '#operator/engine/event-note.ts';
import { ANNOTATIONS, tenantNamespace } from '#operator/installation/names.ts';
import { verdict } from '#operator/world/verdict.ts';
import { namespaceVerdict, setOfChildren } from './decide-namespace.ts';
import { ensureChildren } from './ensure-children.ts';
import { ensureNamespace, type NamespaceChange, noteChildren } from './ensure-namespace.ts';
import { type TenantIdentity, tenantChildren } from './tenant-children.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';
import { copyOf, type SecretsStatus, tenantKeys } from './tenant-secrets.ts';

export interface HomeRequest {
  readonly tenant: TenantIdentity;
  readonly spec: Pick<TenantSpec, 'access'>;
  readonly secrets: SecretsStatus;
  /** Of the namespace that was ours before. */
  readonly knownUID: string | undefined;
  /** Whether everything was there when it was last looked at. */
  readonly wasComplete: boolean;
  readonly signal: AbortSignal;
  /** Told what others had changed and is put back. */
  readonly tell: (note: EventNote) => void;
}

export interface Home {
  readonly verdict: Verdict;
  readonly namespaceUID: string | undefined;
  /** When to try again what could not be done, where that is known. */
  readonly againAfterMs?: number | undefined;
}

/** The tenant's namespace with all that belongs into it. Throws what is worth trying again. */
export async function ensureHome(request: HomeRequest, dependencies: TenantDependencies): Promise<Home> {
  try {
    return await furnish(request, dependencies);
  } catch (error) {
    if (!(error instanceof KubeError) || error.retryable || isConflict(error)) throw error;
    // The namespace appeared, or went, after the cache was read: look again.
    if (hasReason(error, 'AlreadyExists', 'NotFound')) throw error;
    if (error.causes.some(({ reason }) => reason === 'NamespaceTerminating')) throw error;
    const message = `The cluster refuses the namespace ${tenantNamespace(request.tenant.name)} and is asked again, at the latest after 15 minutes: ${error.message}`;
    return {
      verdict: verdict('NamespaceReady', 'False', 'ApplyFailed', message),
      namespaceUID: request.knownUID,
    };
  }
}

async function furnish(request: HomeRequest, dependencies: TenantDependencies): Promise<Home> {
  const { tenant, knownUID, wasComplete, signal, tell } = request;
  const desired = desiredIn(request, dependencies);
  const children = setOfChildren(desired);
  const found = await ensureNamespace({ tenant, knownUID, children, signal }, dependencies);
  if (found.state !== 'Ours') {
    const uid = found.state === 'Terminating' ? knownUID : undefined;
    return { verdict: namespaceVerdict(tenant.name, found.state, found.namespace), namespaceUID: uid };
  }
  const { uid, annotations } = found.namespace.metadata;
  if (found.change !== undefined) tell(noteOf(found.change, tenantNamespace(tenant.name)));
  const wereThere = wasComplete && uid === knownUID && annotations?.[ANNOTATIONS.children] === children;
  const namespace = tenantNamespace(tenant.name);
  const refused = await ensureChildren({ namespace, desired, wereThere, signal, tell }, dependencies);
  const [first] = refused;
  if (first !== undefined) {
    const message = refused.map((one) => one.message).join(' ');
    const times = refused.flatMap(({ againAfterMs }) => againAfterMs ?? []);
    return {
      verdict: verdict('NamespaceReady', 'False', first.reason, message),
      namespaceUID: uid,
      againAfterMs: times.length === 0 ? undefined : Math.min(...times),
    };
  }
  await noteChildren(found.namespace, { children, signal }, dependencies);
  return { verdict: namespaceVerdict(tenant.name, 'Ours'), namespaceUID: uid };
}

function desiredIn({ tenant, spec, secrets }: HomeRequest, { world, masterKey }: TenantDependencies) {
  return [
    ...tenantChildren(tenant, spec),
    tenantKeys(tenant, masterKey, secrets),
    ...world.sharedSecrets.copied.map((source) => copyOf(tenant, source)),
  ];
}

function noteOf(change: NamespaceChange, namespace: string): EventNote {
  if (change.kind === 'Remade') {
    const message = `Namespace ${namespace} was deleted and is made anew, empty of what others had put there.`;
    return { type: 'Warning', reason: 'ChildRestored', message };
  }
  const by = change.by === undefined ? '' : ` by ${change.by}`;
  const message = `Namespace ${namespace} was changed${by} and has its labels again: ${change.labels.join(', ')}.`;
  return { type: 'Warning', reason: 'ChildCorrected', message };
}
