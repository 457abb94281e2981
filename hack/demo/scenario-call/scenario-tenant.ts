import { z } from 'zod';
import { businessHoursSchema } from '#crds/tenant/business-hours.ts';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import type { Scenario } from '#runtime/voice/scenarios/scenario.ts';
import { movedHours, moveOf } from './moved-hours.ts';

/** The Tenant that scenarios are played to, one after another. */
export const SCENARIO_TENANT = 'scenario';

const hours = businessHoursSchema.partial().optional();
/** What has to be known of a scenario's tenant to make it one that is served now. */
const tenantSchema = z.looseObject({
  timeZone: z.string().default('Europe/London'),
  assistant: z.looseObject({}).default({ greeting: 'Thank you for calling Acme.' }),
  workflows: z.array(z.looseObject({ name: z.string() })).default(() => [...defaultWorkflows]),
  businessHours: hours,
  transferTargets: z.array(z.looseObject({ number: z.string(), hours })).default([]),
});

/** A company like that of the scenario, as a Tenant: the same settings, and at this hour the same standing. */
export function scenarioTenant(scenario: Scenario, nowMs: number): object {
  const { assistant, businessHours, transferTargets, timeZone, ...rest } = tenantSchema.parse(
    scenario.tenant,
  );
  const move = moveOf(Date.parse(scenario.at), timeZone, nowMs);
  const hasHours =
    businessHours !== undefined || transferTargets.some((target) => target.hours !== undefined);
  return {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: { name: SCENARIO_TENANT },
    spec: {
      displayName: 'Acme',
      plan: 'OnPrem',
      billing: 'Manual',
      language: 'en-GB',
      ...rest,
      assistant: { ...assistant, driver: scenario.model ? 'LanguageModel' : 'StepByStep' },
      timeZone: hasHours ? move.timeZone : timeZone,
      ...(businessHours ? { businessHours: movedHours(businessHours, move) } : {}),
      transferTargets: transferTargets.map(({ hours, ...target }) => ({
        ...target,
        ...(hours ? { hours: movedHours(hours, move) } : {}),
      })),
    },
  };
}

/** The number that the scenario's caller calls. */
export function scenarioNumber({ to }: Scenario): { readonly name: string; readonly manifest: object } {
  const name = `line-${to.slice(1)}`;
  return {
    name,
    manifest: {
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'PhoneNumber',
      metadata: { name, namespace: `tenant-${SCENARIO_TENANT}` },
      spec: { number: to, routing: { workflow: 'lead-capture' }, releasePolicy: 'Release' },
    },
  };
}

/** Whom the tenant may transfer callers to. */
export function transferNumbers(scenario: Scenario): string[] {
  return tenantSchema.parse(scenario.tenant).transferTargets.map(({ number }) => number);
}
