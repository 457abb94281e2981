/**
 * The tenants whose numbers are called, as the operator would have projected them: each asks twelve questions
 * of some four seconds, so that a call goes on for two minutes.
 */
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';

const TENANTS = 8;
const WORKFLOW = 'interview';
export const RUNTIME = 'veralux-system/shared';
const QUESTION = 'Could you tell me once more who you are and what you want?';
/** The silence that ends a turn, whatever the caller's pauses are. */
export const ENDPOINTING_MS = 700;
const ENDPOINTING_SECONDS = String(ENDPOINTING_MS / 1_000);
const UNLIMITED = {
  callsPerMonth: null,
  minutesPerMonth: null,
  apiRequestsPerMonth: null,
  phoneNumbers: null,
  concurrentCalls: null,
  transferMinutesPerDay: null,
};

export interface CalledNumber {
  readonly number: string;
  readonly tenantID: string;
}

/** A number of each tenant. Their plan is one that is not held to a fair share, so that a pod can be filled. */
export const NUMBERS: readonly CalledNumber[] = Array.from({ length: TENANTS }, (_, index) => ({
  number: `+1212555010${index}`,
  tenantID: `6f1c1d1e-0000-4000-8000-00000000000${index}`,
}));

/** Writes what the operator writes. */
export async function projectTenants(redis: Redis): Promise<void> {
  for (const { number, tenantID } of NUMBERS) {
    await redis.hset(
      projectionKeys.did(number),
      PROJECTED_FIELDS.value,
      JSON.stringify(didOf(number, tenantID)),
    );
    await redis.hset(
      projectionKeys.tenant(tenantID),
      PROJECTED_FIELDS.value,
      JSON.stringify(profileOf(tenantID)),
    );
  }
}

function didOf(number: string, tenantID: string): object {
  const shard = shardOf(tenantID);
  return { schemaVersion: 1, number, tenantID, shard, workflow: WORKFLOW, runtime: RUNTIME, generation: 1 };
}

function profileOf(tenantID: string): object {
  const fields = Array.from({ length: 12 }, (_, index) => ({
    name: `answer-${index}`,
    label: `Answer ${index}`,
    prompt: QUESTION,
  }));
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
    limits: UNLIMITED,
    assistant: {
      greeting: 'Hello.',
      disclosure: { enabled: false },
      endpointing: { minSeconds: ENDPOINTING_SECONDS, maxSeconds: ENDPOINTING_SECONDS },
    },
    workflows: [{ name: WORKFLOW, fields }],
    knowledge: [],
    tools: [],
    transferTargets: [],
    recording: {},
    transcripts: {},
  };
}
