import { z } from 'zod';
import { setOf } from '../schema/lists.ts';
import { countryCode, limit } from '../schema/scalars.ts';

const fields = {
  callsPerMonth: limit().describe(
    "Answered calls a calendar month (UTC). A further call is declined. A whole number or Unlimited; absent: the plan's.",
  ),
  minutesPerMonth: limit().describe(
    'Minutes of answered calls a calendar month (UTC): the seconds of the month added up, then rounded up.',
  ),
  apiRequestsPerMonth: limit().describe(
    "Requests to /api/admin a calendar month (UTC); a further one gets 429. A whole number or Unlimited; absent: the plan's.",
  ),
  phoneNumbers: limit().describe(
    "How many PhoneNumbers may be bought and routed; a further one waits, and says so. A whole number or Unlimited; absent: the plan's.",
  ),
  concurrentCalls: limit().describe(
    "Calls in progress at the same moment; a further one is declined as busy. A whole number or Unlimited; absent: the plan's.",
  ),
  transferMinutesPerDay: limit().describe(
    'Minutes of outgoing legs to transfer targets a day (UTC), a bound on what a stolen line can cost.',
  ),
};

/** Overrides of the plan's limits. */
export const tenantLimitsSchema = z
  .object({
    callsPerMonth: fields.callsPerMonth.optional(),
    minutesPerMonth: fields.minutesPerMonth.optional(),
    apiRequestsPerMonth: fields.apiRequestsPerMonth.optional(),
    phoneNumbers: fields.phoneNumbers.optional(),
    concurrentCalls: fields.concurrentCalls.optional(),
    transferMinutesPerDay: fields.transferMinutesPerDay.optional(),
    transferCountries: setOf(countryCode(), 50)
      .optional()
      .describe(
        'Countries (ISO 3166-1 alpha-2) that calls may be transferred to. A target elsewhere is not called, and the caller is offered to leave a message. Absent: the country of the number that was called.',
      ),
  })
  .describe("Overrides of the plan's limits, each a whole number or Unlimited. Absent: the plan's.");

export type TenantLimits = z.output<typeof tenantLimitsSchema>;

/** The limits that hold, as status shows them. */
export const shownLimitsSchema = z
  .object(fields)
  .partial()
  .describe("The limits that hold: the plan's with the overrides of spec.limits.");
