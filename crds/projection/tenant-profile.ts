import { z } from 'zod';
import { effectiveLimits, effectiveLimitsSchema, PLANS } from '../plans/plans.ts';
import { assistantSchema } from '../tenant/assistant.ts';
import { businessHoursSchema } from '../tenant/business-hours.ts';
import {
  busySchema,
  callScreeningSchema,
  recordingSchema,
  transcriptsSchema,
  transferTargetsSchema,
} from '../tenant/call-handling.ts';
import { knowledgeFromSchema, knowledgeSchema } from '../tenant/knowledge.ts';
import { suspensionSchema, type Tenant } from '../tenant/tenant.ts';
import { toolsSchema } from '../tenant/tool.ts';
import { workflowsSchema } from '../tenant/workflow.ts';

/**
 * A tenant as the phone path needs it: the value of `tenant:{sNN}:<id>`. Written by the operator;
 * readers ignore fields they do not know and fill in those an older operator did not write.
 */
export const tenantProfileSchema = z.object({
  schemaVersion: z.literal(1),
  tenantID: z.uuid(),
  name: z.string().describe("The Tenant's metadata.name, a handle for logs."),
  displayName: z.string(),
  timeZone: z.string(),
  language: z.string(),
  plan: z.enum(PLANS),
  suspensions: z.array(suspensionSchema),
  runtime: z.string().describe('The VoiceRuntime that answers, as namespace/name.'),
  limits: effectiveLimitsSchema,
  assistant: assistantSchema,
  workflows: workflowsSchema,
  knowledge: knowledgeSchema,
  knowledgeFrom: knowledgeFromSchema
    .default([])
    .describe('Where there are any, more is in `tenant-knowledge:{sNN}:<id>`.'),
  tools: toolsSchema,
  businessHours: businessHoursSchema.optional(),
  transferTargets: transferTargetsSchema,
  callScreening: callScreeningSchema.optional(),
  busy: busySchema,
  recording: recordingSchema,
  transcripts: transcriptsSchema,
});

export type TenantProfile = z.output<typeof tenantProfileSchema>;

const COMPANY = '{company}';

/** The profile of a Tenant under its effective id. The greeting has the company's name filled in. */
export function profileOf(tenant: Tenant, tenantID: string): TenantProfile {
  const { spec } = tenant;
  return {
    schemaVersion: 1,
    tenantID,
    name: tenant.metadata.name,
    displayName: spec.displayName,
    timeZone: spec.timeZone,
    language: spec.language,
    plan: spec.plan,
    suspensions: spec.suspensions,
    runtime: `${spec.runtimeRef.namespace}/${spec.runtimeRef.name}`,
    limits: effectiveLimits(spec),
    assistant: {
      ...spec.assistant,
      greeting: filledIn(spec.assistant.greeting, spec.displayName),
    },
    workflows: spec.workflows,
    knowledge: spec.knowledge,
    knowledgeFrom: spec.knowledgeFrom,
    tools: spec.tools,
    ...(spec.businessHours ? { businessHours: spec.businessHours } : {}),
    transferTargets: spec.transferTargets,
    ...(spec.callScreening ? { callScreening: spec.callScreening } : {}),
    busy: { ...spec.busy, message: filledIn(spec.busy.message, spec.displayName) },
    recording: spec.recording,
    transcripts: spec.transcripts,
  };
}

/** Cut to the length that the template itself may have, which readers hold it to. */
function filledIn(template: string, company: string): string {
  return template.replaceAll(COMPANY, () => company).slice(0, 500);
}
