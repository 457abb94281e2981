import { z } from 'zod';
import { type EffectiveLimits, effectiveLimits, effectiveLimitsSchema, PLANS } from '#crds/plans/plans.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Database, PreparedStatement } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { utcMonthOf } from './month.ts';

const whole = z.number().int();
const orUnlimited = whole.nullable().describe('Null: unlimited.');

const usageSchema = z.strictObject({
  month: z.string().describe('The current UTC month, YYYY-MM.'),
  plan: z.string().nullable().describe('Null until the Tenant resource has been seen.'),
  usage: z.strictObject({
    call_count: whole.describe('Answered calls.'),
    call_seconds: whole,
    call_minutes: whole.describe('All seconds of the month added up, then rounded up to minutes.'),
    api_requests: whole.describe('Requests to /api/admin, up to about a second ago.'),
    stt_seconds: whole,
    stt_minutes: whole.describe('As call_minutes, of the audio that was transcribed.'),
    tts_characters: whole,
  }),
  limits: z
    .strictObject({
      callsPerMonth: orUnlimited,
      minutesPerMonth: orUnlimited,
      apiRequestsPerMonth: orUnlimited,
      phoneNumbers: orUnlimited,
      concurrentCalls: orUnlimited,
    })
    .nullable()
    .describe('Null until the Tenant resource has been seen.'),
  remaining: z
    .strictObject({
      callsPerMonth: orUnlimited,
      minutesPerMonth: orUnlimited,
      apiRequestsPerMonth: orUnlimited,
    })
    .nullable()
    .describe('What is left of the month; 0 when more was used than the plan has.'),
});

type Usage = z.input<typeof usageSchema>;

/** `GET /api/admin/usage`: what the tenant has used this month, its limits and what is left. */
export function getUsageRoute({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/usage',
    operationID: 'readUsage',
    summary: "Read this month's usage, the plan's limits and what is left.",
    access: inTenant('Viewer', { scope: 'usage:read' }),
    replies: { 200: { description: 'Usage of the current UTC month.', schema: usageSchema } },
    handle: async ({ principal }) => {
      const month = utcMonthOf(clock.now());
      return { status: 200, body: await readUsage(database, principal.tenant.id, month) } as const;
    },
  });
}

interface UsageRow {
  readonly plan: string | null;
  readonly limits: unknown;
  /** metric → quantity; JSON numbers, exact up to 2^53. */
  readonly counters: Readonly<Record<string, number>> | null;
}

/** Of a tenant and a month. */
export const READ_USAGE: PreparedStatement = {
  name: 'read_usage',
  text: `
    SELECT t.plan, t.limits,
           (SELECT jsonb_object_agg(metric, quantity) FROM usage_counters u
             WHERE u.tenant_id = t.tenant_id AND u.month = $2) AS counters
      FROM tenants t WHERE t.tenant_id = $1`,
};

async function readUsage(database: Database, tenantID: string, month: string): Promise<Usage> {
  const [row] = await database.readOneAsTenant<UsageRow>(tenantID, READ_USAGE, [tenantID, month]);
  const count = (metric: string) => row?.counters?.[metric] ?? 0;
  const usage: Usage['usage'] = {
    call_count: count('call_count'),
    call_seconds: count('call_seconds'),
    call_minutes: Math.ceil(count('call_seconds') / 60),
    api_requests: count('api_requests'),
    stt_seconds: count('stt_seconds'),
    stt_minutes: Math.ceil(count('stt_seconds') / 60),
    tts_characters: count('tts_characters'),
  };
  return { month, plan: row?.plan ?? null, usage, ...limitsOf(row, usage) };
}

function limitsOf(row: UsageRow | undefined, usage: Usage['usage']): Pick<Usage, 'limits' | 'remaining'> {
  const limits = observedLimits(row);
  if (!limits) return { limits: null, remaining: null };
  const left = (limit: number | null, used: number) => (limit === null ? null : Math.max(0, limit - used));
  return {
    limits: {
      callsPerMonth: limits.callsPerMonth,
      minutesPerMonth: limits.minutesPerMonth,
      apiRequestsPerMonth: limits.apiRequestsPerMonth,
      phoneNumbers: limits.phoneNumbers,
      concurrentCalls: limits.concurrentCalls,
    },
    remaining: {
      callsPerMonth: left(limits.callsPerMonth, usage.call_count),
      minutesPerMonth: left(limits.minutesPerMonth, usage.call_minutes),
      apiRequestsPerMonth: left(limits.apiRequestsPerMonth, usage.api_requests),
    },
  };
}

/** None before the resource was observed. */
const observedLimitsSchema = effectiveLimitsSchema.nullish();

/** The limits as last observed on the resource; before that the plan's own. */
function observedLimits(row: UsageRow | undefined): EffectiveLimits | undefined {
  const observed = observedLimitsSchema.safeParse(row?.limits).data;
  if (observed) return observed;
  const plan = PLANS.find((name) => name === row?.plan);
  return plan && effectiveLimits({ plan });
}
