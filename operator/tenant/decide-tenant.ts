import { type EffectiveLimits, effectiveLimits } from '#crds/plans/plans.ts';
import type { Tenant, TenantStatus } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { isTrue, mergeConditions, type Verdict } from '#operator/engine/conditions.ts';
import { FIELD_MANAGER, LABELS, tenantNamespace } from '#operator/installation/names.ts';
import { readyFrom, verdict } from '#operator/world/verdict.ts';
import type { RawVoiceRuntime } from '#operator/world/world.ts';

/**
 * The decisions about a Tenant, all pure: what is read comes in, verdicts and the status go out.
 */

/** What stands under the name of the tenant's namespace. */
export type NamespaceState = 'Missing' | 'Ours' | 'Terminating' | 'Foreign';

export function namespaceState(
  namespace: KubeObject | undefined,
  tenant: { readonly name: string; readonly id: string },
): NamespaceState {
  if (namespace === undefined) return 'Missing';
  const { labels, deletionTimestamp } = namespace.metadata;
  const isOurs =
    labels?.[LABELS.managedBy] === FIELD_MANAGER &&
    labels[LABELS.tenant] === tenant.name &&
    labels[LABELS.tenantID] === tenant.id;
  if (!isOurs) return 'Foreign';
  return deletionTimestamp === undefined ? 'Ours' : 'Terminating';
}

export function namespaceVerdict(name: string, state: NamespaceState, refusal?: string): Verdict {
  const namespace = tenantNamespace(name);
  if (refusal !== undefined) return verdict('NamespaceReady', 'False', 'ApplyFailed', refusal);
  if (state === 'Terminating') {
    const message = `The namespace ${namespace} is being deleted and is made anew when it is gone.`;
    return verdict('NamespaceReady', 'False', 'NamespaceTerminating', message);
  }
  if (state === 'Foreign') {
    const message =
      `A namespace ${namespace} exists that does not belong to this Tenant, and it is not taken over. ` +
      'Delete it, or give the Tenant another name.';
    return verdict('NamespaceReady', 'False', 'NamespaceTaken', message);
  }
  return verdict('NamespaceReady', 'True', 'NamespaceReady', `The namespace ${namespace} is there.`);
}

export type ProjectionOutcome =
  | { readonly kind: 'Projected' }
  | { readonly kind: 'RedisUnavailable' | 'StaleFence'; readonly message: string };

export function profileVerdict(outcome: ProjectionOutcome, generation: number): Verdict {
  return outcome.kind === 'Projected'
    ? verdict(
        'ProfileProjected',
        'True',
        'Projected',
        `Generation ${generation} is what calls are answered by.`,
      )
    : verdict('ProfileProjected', 'False', outcome.kind, outcome.message);
}

export function runtimeVerdict(key: string, runtime: RawVoiceRuntime | undefined): Verdict {
  if (runtime === undefined) {
    return verdict('RuntimeAvailable', 'False', 'RuntimeNotFound', `There is no VoiceRuntime ${key}.`);
  }
  if (isTrue(runtime.status?.conditions, 'Ready')) {
    return verdict('RuntimeAvailable', 'True', 'Available', `The VoiceRuntime ${key} takes calls.`);
  }
  const ready = runtime.status?.conditions?.find(({ type }) => type === 'Ready');
  const why = ready === undefined ? 'It has not been looked at yet.' : ready.message;
  return verdict(
    'RuntimeAvailable',
    'False',
    'RuntimeNotReady',
    `The VoiceRuntime ${key} is not ready. ${why}`,
  );
}

/** What only the operator can see to be wrong; undefined when nothing is. */
export function invalidSpec(spec: { readonly timeZone: string }): Verdict | undefined {
  try {
    // Making a format is the check; the result matters to nobody.
    Intl.DateTimeFormat('en', { timeZone: spec.timeZone });
    return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return verdict('Ready', 'False', 'InvalidSpec', `spec.timeZone: there is no time zone ${spec.timeZone}.`);
  }
}

export function idTaken(id: string, holder: string): Verdict {
  return verdict(
    'Ready',
    'False',
    'IdTaken',
    `The id ${id} belongs to the Tenant ${holder}, which is older. Make this one without spec.tenantID, or with another.`,
  );
}

const IN_PROGRESS = new Set(['NamespaceTerminating', 'RuntimeNotReady', 'RedisUnavailable']);

export function tenantReady(tenant: Tenant, verdicts: readonly Verdict[]): Verdict {
  const failing = verdicts.some((other) => other.status !== 'True');
  const { suspensions } = tenant.spec;
  if (failing || suspensions.length === 0) return readyFrom(verdicts, IN_PROGRESS);
  const reasons = suspensions.map(({ reason, message }) => (message ? `${reason}: ${message}` : reason));
  return verdict('Ready', 'False', 'Suspended', `Calls are declined. ${reasons.join('; ')}`);
}

export interface StatusInput {
  readonly tenant: Tenant;
  readonly id: string;
  readonly phoneNumbers: number;
  readonly verdicts: readonly Verdict[];
  readonly nowMs: number;
}

/** The whole status of a tenant that is ours to serve. */
export function tenantStatus(input: StatusInput): TenantStatus {
  const { tenant, id } = input;
  return {
    observedGeneration: tenant.metadata.generation,
    tenantID: id,
    namespace: tenantNamespace(tenant.metadata.name),
    limits: shownLimits(effectiveLimits(tenant.spec)),
    phoneNumbers: input.phoneNumbers,
    conditions: [
      ...mergeConditions(tenant.status?.conditions ?? [], input.verdicts, {
        nowMs: input.nowMs,
        generation: tenant.metadata.generation ?? 0,
      }),
    ],
  };
}

function shownLimits(limits: EffectiveLimits): NonNullable<TenantStatus['limits']> {
  const { transferCountries: _notACount, ...counted } = limits;
  return Object.fromEntries(Object.entries(counted).map(([name, limit]) => [name, limit ?? 'Unlimited']));
}
