import { PLAN_LIMITS } from '#crds/plans/plans.ts';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';

/** Nobody's: of the numbers that are kept for fiction. */
export const REHEARSED_NUMBER = '+12125550100';
const TENANT_ID = '00000000-0000-4000-8000-000000000000';

/**
 * A Redis that is away, so that a pod keeps its calls to itself, and of which it has read one number and one tenant. What
 * is appended to the ledger, which has no other place, is thrown away.
 */
export function rehearsalRedis(runtime: string): Redis {
  const projected = new Map<string, object>([
    [projectionKeys.did(REHEARSED_NUMBER), numberOf(runtime)],
    [projectionKeys.tenant(TENANT_ID), tenantOf(runtime)],
  ]);
  const redis = {
    status: 'end',
    hget: async (key: string, field: string) => {
      const value = field === PROJECTED_FIELDS.value ? projected.get(key) : undefined;
      if (!value) throw new Error('the rehearsal asks Redis for no more than a number and its tenant');
      return JSON.stringify(value);
    },
    evalsha: async () => [],
  } as const;
  return redis as unknown as Redis;
}

function numberOf(runtime: string): object {
  return {
    schemaVersion: 1,
    number: REHEARSED_NUMBER,
    tenantID: TENANT_ID,
    shard: shardOf(TENANT_ID),
    workflow: 'lead-capture',
    runtime,
    generation: 1,
  };
}

function tenantOf(runtime: string): object {
  return {
    schemaVersion: 1,
    tenantID: TENANT_ID,
    name: 'rehearsal',
    displayName: 'Rehearsal',
    timeZone: 'UTC',
    language: 'en-US',
    plan: 'OnPrem',
    suspensions: [],
    runtime,
    limits: PLAN_LIMITS.OnPrem,
    assistant: {},
    workflows: defaultWorkflows,
    knowledge: [],
    tools: [],
    transferTargets: [],
    recording: {},
    transcripts: {},
  };
}
