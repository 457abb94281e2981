/**
 * The companies that a storm's calls go to, projected as the operator would, each of another kind: without
 * limits, with two calls at once, with few calls a month, on a shared plan, and two whose callers are handed
 * to a person: at once, and once that person takes the call.
 */

import type { Redis } from 'ioredis';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { profileOf } from '#crds/projection/tenant-profile.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { uuidV5 } from '#lib/ids/uuid-v5.ts';

export const RUNTIME = 'veralux-system/shared';
const STORMS = 'b7c1a9de-3f52-4a68-8e0b-5d2c9f0a1e44';

export interface StormTenant {
  readonly name: string;
  readonly id: string;
  readonly number: string;
  readonly plan: 'OnPrem' | 'Enterprise';
  readonly concurrentCalls: number | 'Unlimited';
  /** Calls that a schedule may hold; the month's limit is what was counted before it and this. */
  readonly callsInSchedule: number | 'Unlimited';
  /** The conversation ends with a person on the line. */
  readonly transfers: boolean;
  /** That person is asked first. */
  readonly asks: boolean;
}

/** Who callers are handed to. */
export const PERSON = '+13125550142';

const WORKFLOW = {
  name: 'lead',
  fields: [
    { name: 'name', label: 'Name', type: 'Text', prompt: 'Who is calling please?' },
    { name: 'reason', label: 'Reason', type: 'Text', prompt: 'What is it about?' },
  ],
};
const HANGS_UP = { say: 'Thank you. Goodbye.' };
const HANDS_OVER = { say: 'One moment please.', action: 'Transfer', transferTarget: 'person' };

export const STORM_TENANTS: readonly StormTenant[] = [
  tenant(0, { plan: 'OnPrem' }),
  tenant(1, { concurrentCalls: 2 }),
  tenant(2, { callsInSchedule: 4 }),
  tenant(3, {}),
  tenant(4, { transfers: true }),
  tenant(5, { transfers: true, asks: true }),
];

/** Puts numbers and profiles where the runtime looks for them. `counted` are the calls of this month so far. */
export async function projectTenants(
  redis: Redis,
  counted: ReadonlyMap<string, { readonly calls: number }>,
): Promise<void> {
  for (const one of STORM_TENANTS) {
    const { callsInSchedule: calls } = one;
    const callsPerMonth = calls === 'Unlimited' ? calls : (counted.get(one.id)?.calls ?? 0) + calls;
    const manifest = tenantSchema.parse({
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'Tenant',
      metadata: { name: one.name },
      spec: {
        displayName: one.name,
        plan: one.plan,
        limits: { concurrentCalls: one.concurrentCalls, callsPerMonth, minutesPerMonth: 'Unlimited' },
        assistant: { greeting: 'Good day, Storm and Sons.', disclosure: { enabled: false } },
        transferTargets: [{ name: 'person', mode: one.asks ? 'Warm' : 'Cold', number: PERSON }],
        workflows: [{ ...WORKFLOW, onComplete: one.transfers ? HANDS_OVER : HANGS_UP }],
      },
    });
    const did = {
      schemaVersion: 1,
      number: one.number,
      tenantID: one.id,
      shard: shardOf(one.id),
      workflow: WORKFLOW.name,
      runtime: RUNTIME,
      generation: 1,
    };
    const { value } = PROJECTED_FIELDS;
    await redis.hset(projectionKeys.did(one.number), value, JSON.stringify(did));
    await redis.hset(projectionKeys.tenant(one.id), value, JSON.stringify(profileOf(manifest, one.id)));
  }
}

function tenant(
  index: number,
  own: Partial<Pick<StormTenant, 'plan' | 'concurrentCalls' | 'callsInSchedule' | 'transfers' | 'asks'>>,
): StormTenant {
  const name = `storm-${index}`;
  return {
    name,
    id: uuidV5(STORMS, name),
    number: `+1212555010${index}`,
    plan: 'Enterprise',
    concurrentCalls: 'Unlimited',
    callsInSchedule: 'Unlimited',
    transfers: false,
    asks: false,
    ...own,
  };
}
