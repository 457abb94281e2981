/** The tenants whose numbers are called, as the operator would have projected them. */
import { PLAN_LIMITS } from '#crds/plans/plans.ts';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';

const TENANTS = 8;
export const RUNTIME = 'veralux-system/shared';
const QUESTION = 'Could you tell me once more who you are and what you want?';
/** The silence that ends a turn, whatever the caller's pauses are. */
export const ENDPOINTING_MS = 700;
const ENDPOINTING_SECONDS = String(ENDPOINTING_MS / 1_000);

export interface CalledNumber {
  readonly number: string;
  readonly tenantID: string;
}

/** A number of each tenant. Their plan is one that is not held to a fair share, so that a pod can be filled. */
export const NUMBERS: readonly CalledNumber[] = Array.from({ length: TENANTS }, (_, index) => ({
  number: `+1212555010${index}`,
  tenantID: `6f1c1d1e-0000-4000-8000-00000000000${index}`,
}));

/** How the tenants answer: parts of a Tenant's spec. */
export interface Answering {
  readonly assistant: object;
  readonly workflow: { readonly name: string; readonly fields: readonly object[] };
}

/** Twelve questions of some four seconds, so that a call goes on for two minutes. */
export const LONG_INTERVIEW: Answering = {
  assistant: {
    greeting: 'Hello.',
    disclosure: { enabled: false },
    endpointing: { minSeconds: ENDPOINTING_SECONDS, maxSeconds: ENDPOINTING_SECONDS },
  },
  workflow: {
    name: 'interview',
    fields: Array.from({ length: 12 }, (_, index) => ({
      name: `answer-${index}`,
      label: `Answer ${index}`,
      prompt: QUESTION,
    })),
  },
};

/** Writes what the operator writes. */
export async function projectTenants(redis: Redis, answering: Answering): Promise<void> {
  for (const called of NUMBERS) {
    await redis.hset(
      projectionKeys.did(called.number),
      PROJECTED_FIELDS.value,
      JSON.stringify(didOf(called, answering)),
    );
    await redis.hset(
      projectionKeys.tenant(called.tenantID),
      PROJECTED_FIELDS.value,
      JSON.stringify(profileOf(called, answering)),
    );
  }
}

function didOf({ number, tenantID }: CalledNumber, { workflow }: Answering): object {
  const shard = shardOf(tenantID);
  const { name } = workflow;
  return { schemaVersion: 1, number, tenantID, shard, workflow: name, runtime: RUNTIME, generation: 1 };
}

function profileOf({ tenantID }: CalledNumber, { assistant, workflow }: Answering): object {
  return {
    schemaVersion: 1,
    tenantID,
    name: 'bench',
    displayName: 'Bench',
    timeZone: 'UTC',
    language: 'en-US',
    plan: 'OnPrem',
    suspensions: [],
    runtime: RUNTIME,
    limits: PLAN_LIMITS.OnPrem,
    assistant,
    workflows: [workflow],
    knowledge: [],
    tools: [],
    transferTargets: [],
    recording: {},
    transcripts: {},
  };
}
