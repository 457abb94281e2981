import { type EffectiveLimits, effectiveLimits } from '#crds/plans/plans.ts';
import type { Tenant, TenantStatus } from '#crds/tenant/tenant.ts';
import { mergeConditions, type Verdict } from '#operator/engine/conditions.ts';
import { ANNOTATIONS, tenantNamespace } from '#operator/installation/names.ts';
import type { RawVoiceRuntime, RetainedRecord } from '#operator/world/raw-objects.ts';
import { takesCalls, whyNoCalls } from '#operator/world/takes-calls.ts';
import { readyFrom, verdict } from '#operator/world/verdict.ts';

/**
 * The decisions about a Tenant, all pure: what is read comes in, verdicts and the status go out.
 */

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
    : verdict('ProfileProjected', 'False', outcome.kind, `${outcome.message} ${NOT_PROJECTED[outcome.kind]}`);
}

const NOT_PROJECTED = {
  RedisUnavailable:
    'It is tried again by itself; until then calls are answered by the profile of before, if any.',
  StaleFence: 'This operator is being replaced; the one that follows goes on.',
} as const;

export function runtimeVerdict(key: string, runtime: RawVoiceRuntime | undefined): Verdict {
  if (runtime === undefined) {
    const message = `There is no VoiceRuntime ${key}. Make it, or name another in spec.runtimeRef of the Tenant.`;
    return verdict('RuntimeAvailable', 'False', 'RuntimeNotFound', message);
  }
  if (takesCalls(runtime)) {
    return verdict('RuntimeAvailable', 'True', 'Available', `The VoiceRuntime ${key} takes calls.`);
  }
  const { namespace, name } = runtime.metadata;
  const message =
    `The VoiceRuntime ${key} is not ready. ${whyNoCalls(runtime)} ` +
    `All of it: kubectl describe voiceruntime ${name} --namespace=${namespace}`;
  return verdict('RuntimeAvailable', 'False', 'RuntimeNotReady', message);
}

/** Those that were found to exist. Bounded by how many there are. */
const knownTimeZones = new Set<string>();

/** What only the operator can see to be wrong; undefined when nothing is. */
export function invalidSpec(spec: { readonly timeZone: string }): Verdict | undefined {
  if (knownTimeZones.has(spec.timeZone)) return undefined;
  try {
    // Making a format is the check, and takes 0.1 ms; the result matters to nobody.
    Intl.DateTimeFormat('en', { timeZone: spec.timeZone });
    knownTimeZones.add(spec.timeZone);
    return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return verdict('Ready', 'False', 'InvalidSpec', `spec.timeZone: there is no time zone ${spec.timeZone}.`);
  }
}

export function idTaken(id: string, holder: string): Verdict {
  const message =
    `The id ${id} belongs to the Tenant ${holder}, which had it first. ` +
    'Delete this one and make it anew without spec.tenantID, or with another; or delete that one.';
  return verdict('Ready', 'False', 'IdTaken', message);
}

/** Rows of a deleted Tenant wait under the id: nobody gets them by accident. */
export function rowsKept(tenant: string, id: string, { data }: RetainedRecord): Verdict {
  const earlier = `the Tenant ${data?.name ?? 'of this id'}, deleted at ${data?.deletedAt ?? 'an unknown time'}`;
  const message =
    `Calls, leads and usage of ${earlier}, are kept under the id ${id}. To take them over: ` +
    `kubectl annotate tenant ${tenant} ${ANNOTATIONS.adoptData}=true. To have none of them: delete this Tenant and ` +
    'make it anew with another spec.tenantID.';
  return verdict('Ready', 'False', 'IdTaken', message);
}

const IN_PROGRESS = new Set([
  'NamespaceTerminating',
  'ChildTerminating',
  'RuntimeNotReady',
  'RedisUnavailable',
]);

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
  /** Of the namespace, while it is ours. */
  readonly namespaceUID: string | undefined;
  readonly secrets: TenantStatus['secrets'];
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
    namespaceUID: input.namespaceUID,
    secrets: input.secrets,
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
