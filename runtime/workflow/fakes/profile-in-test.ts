import { PLAN_LIMITS } from '#crds/plans/plans.ts';
import { type TenantProfile, tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';

/** Acme in Chicago, with what every new tenant has and what differs from it. */
export function profileInTest(changes: Readonly<Record<string, unknown>> = {}): TenantProfile {
  return tenantProfileSchema.parse({
    schemaVersion: 1,
    tenantID: '00000000-0000-4000-8000-000000000002',
    name: 'acme',
    displayName: 'Acme',
    timeZone: 'America/Chicago',
    language: 'en-US',
    plan: 'Free',
    suspensions: [],
    runtime: 'veralux-system/shared',
    limits: PLAN_LIMITS.OnPrem,
    assistant: { greeting: 'Thank you for calling Acme.' },
    workflows: defaultWorkflows,
    knowledge: [],
    tools: [],
    transferTargets: [],
    recording: {},
    transcripts: {},
    ...changes,
  });
}
