import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import { type Workflow, workflowSchema } from '#crds/tenant/workflow.ts';

/**
 * The workflow a call was routed to. Where the tenant has renamed, removed or switched it off
 * meanwhile, its first enabled one; where there is none, just the greeting and a goodbye.
 */
export function workflowFor({ workflows }: Pick<TenantProfile, 'workflows'>, name: string): Workflow {
  const enabled = workflows.filter((workflow) => workflow.enabled);
  return enabled.find((workflow) => workflow.name === name) ?? enabled[0] ?? NOTHING_TO_ASK;
}

const NOTHING_TO_ASK: Workflow = workflowSchema.parse({
  name: 'none',
  onComplete: { say: 'Nobody can take your call now. Please call again later. Goodbye.' },
});
