import { z } from 'zod';
import { type Limit, UNLIMITED } from '../schema/scalars.ts';
import type { TenantLimits } from '../tenant/limits.ts';

/** The plans a tenant can be on, and what each allows. */
export const PLANS = ['Free', 'Starter', 'Professional', 'Enterprise', 'OnPrem'] as const;
export type Plan = (typeof PLANS)[number];

/** Counts a calendar month in UTC where the name says so; null is unlimited. */
export const effectiveLimitsSchema = z.object({
  callsPerMonth: z.number().int().nonnegative().nullable(),
  minutesPerMonth: z.number().int().nonnegative().nullable(),
  apiRequestsPerMonth: z.number().int().nonnegative().nullable(),
  phoneNumbers: z.number().int().nonnegative().nullable(),
  concurrentCalls: z.number().int().nonnegative().nullable(),
  transferMinutesPerDay: z.number().int().nonnegative().nullable(),
  /** ISO 3166-1 alpha-2. Absent: the country of the number that was called. */
  transferCountries: z.array(z.string()).optional(),
});

export type EffectiveLimits = z.output<typeof effectiveLimitsSchema>;
type CountedLimits = Omit<EffectiveLimits, 'transferCountries'>;

const unlimited: CountedLimits = {
  callsPerMonth: null,
  minutesPerMonth: null,
  apiRequestsPerMonth: null,
  phoneNumbers: null,
  concurrentCalls: null,
  transferMinutesPerDay: null,
};

export const PLAN_LIMITS: Readonly<Record<Plan, CountedLimits>> = {
  Free: {
    callsPerMonth: 50,
    minutesPerMonth: 100,
    apiRequestsPerMonth: 1_000,
    phoneNumbers: 1,
    concurrentCalls: 2,
    transferMinutesPerDay: 30,
  },
  Starter: {
    callsPerMonth: 500,
    minutesPerMonth: 1_000,
    apiRequestsPerMonth: 10_000,
    phoneNumbers: 2,
    concurrentCalls: 5,
    transferMinutesPerDay: 120,
  },
  Professional: {
    callsPerMonth: 5_000,
    minutesPerMonth: 10_000,
    apiRequestsPerMonth: 100_000,
    phoneNumbers: 5,
    concurrentCalls: 20,
    transferMinutesPerDay: 600,
  },
  Enterprise: unlimited,
  OnPrem: unlimited,
};

/** The limits that hold for a tenant: its plan's, each replaced by the override in its spec. */
export function effectiveLimits(spec: {
  readonly plan: Plan;
  readonly limits?: TenantLimits | undefined;
}): EffectiveLimits {
  const overrides = spec.limits ?? {};
  const plan = PLAN_LIMITS[spec.plan];
  const pick = (name: keyof CountedLimits) => {
    const override = overrides[name];
    return override === undefined ? plan[name] : amount(override);
  };
  return {
    callsPerMonth: pick('callsPerMonth'),
    minutesPerMonth: pick('minutesPerMonth'),
    apiRequestsPerMonth: pick('apiRequestsPerMonth'),
    phoneNumbers: pick('phoneNumbers'),
    concurrentCalls: pick('concurrentCalls'),
    transferMinutesPerDay: pick('transferMinutesPerDay'),
    ...(overrides.transferCountries ? { transferCountries: overrides.transferCountries } : {}),
  };
}

function amount(limit: Limit): number | null {
  return limit === UNLIMITED ? null : limit;
}
