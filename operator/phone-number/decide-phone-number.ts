import type { PhoneNumber } from '#crds/phone-number/phone-number.ts';
import { effectiveLimits } from '#crds/plans/plans.ts';
import type { DidRecord } from '#crds/projection/did-record.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { Tenant } from '#crds/tenant/tenant.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import type { RawPhoneNumber } from '#operator/world/raw-objects.ts';
import { readyFrom, verdict } from '#operator/world/verdict.ts';

/** The decisions about a PhoneNumber, all pure. */

export interface Route {
  /** What Redis should hold for the number; undefined: nothing. */
  readonly record: DidRecord | undefined;
  readonly verdict: Verdict;
}

/** Where calls of a number go that is ours: to a workflow of its tenant, or nowhere. */
export function routeOf(
  phoneNumber: Pick<PhoneNumber, 'spec' | 'metadata'>,
  owned: { readonly number: string; readonly providerNumberID?: string | undefined },
  tenant: { readonly id: string; readonly spec: Pick<Tenant['spec'], 'workflows' | 'runtimeRef'> },
): Route {
  const name = phoneNumber.spec.routing?.workflow;
  if (name === undefined) return unrouted('NotRouted', 'spec.routing is absent: calls are not answered.');
  const workflow = tenant.spec.workflows.find((other) => other.name === name);
  if (workflow?.enabled !== true) {
    const why = workflow === undefined ? 'has no workflow' : 'has switched off the workflow';
    return unrouted('WorkflowNotFound', `The tenant ${why} ${name}.`);
  }
  const { namespace, name: runtime } = tenant.spec.runtimeRef;
  return {
    record: {
      schemaVersion: 1,
      number: owned.number,
      tenantID: tenant.id,
      shard: shardOf(tenant.id),
      workflow: name,
      runtime: `${namespace}/${runtime}`,
      ...(owned.providerNumberID === undefined ? {} : { providerNumberID: owned.providerNumberID }),
      generation: phoneNumber.metadata.generation ?? 0,
    },
    verdict: verdict('Routed', 'True', 'Routed', `Calls are answered by the workflow ${name}.`),
  };
}

function unrouted(reason: 'NotRouted' | 'WorkflowNotFound', message: string): Route {
  return { record: undefined, verdict: verdict('Routed', 'False', reason, message) };
}

/**
 * Whether a PhoneNumber has a place within the tenant's limit: those that own a number keep theirs,
 * those that were granted one before come next, also while their order is not seen yet, and then the
 * others by age. `granted` holds keys.
 */
export function hasPlace(
  phoneNumber: RawPhoneNumber,
  all: readonly RawPhoneNumber[],
  tenant: Pick<Tenant, 'spec'>,
  granted: ReadonlySet<string>,
): boolean {
  const limit = effectiveLimits(tenant.spec).phoneNumbers;
  if (limit === null || phoneNumber.status?.number !== undefined) return true;
  const rank = ({ status, metadata }: RawPhoneNumber) => {
    if (status?.number !== undefined) return 0;
    return status?.orderID !== undefined || granted.has(keyOf(metadata)) ? 1 : 2;
  };
  const order = (other: RawPhoneNumber) =>
    `${rank(other)} ${other.metadata.creationTimestamp ?? ''} ${other.metadata.name}`;
  const ahead = all.filter((other) => order(other) < order(phoneNumber));
  return ahead.length < limit;
}

/** Reasons that pass by themselves. */
const IN_PROGRESS = new Set([
  'Searching',
  'Ordering',
  'WaitingForNumber',
  'WaitingForRuntime',
  'CarrierUnavailable',
  'RedisUnavailable',
  'RuntimeNotReady',
]);

/** A number that is meant to be owned and not answered is Ready without a route or a runtime. */
export function phoneNumberReady(
  phoneNumber: Pick<PhoneNumber, 'spec'>,
  verdicts: readonly Verdict[],
): Verdict {
  const isAnswered = phoneNumber.spec.routing !== undefined;
  const mattering = verdicts.filter(
    ({ type }) => isAnswered || !['Routed', 'RuntimeAvailable'].includes(type),
  );
  return readyFrom(mattering, IN_PROGRESS);
}
