import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import { type Workflow, workflowSchema } from '#crds/tenant/workflow.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { isOpen } from './hours/business-hours.ts';
import { phrasesFor } from './phrases/phrases.ts';

type Profile = Pick<TenantProfile, 'workflows' | 'businessHours' | 'timeZone' | 'language'>;

/**
 * The workflow of a call: while it is closed, a new call gets the one for that; else the one it was routed to, or
 * began with. Where the tenant has renamed, removed or switched it off meanwhile, its first enabled one; where
 * there is none, just the greeting and a goodbye.
 */
export function workflowFor(
  { workflows, businessHours, timeZone, language }: Profile,
  { workflow, phase }: Pick<ConversationState, 'workflow' | 'phase'>,
  nowMs: number,
): Workflow {
  const enabled = workflows.filter((candidate) => candidate.enabled);
  const isClosed = phase === 'Greeting' && !isOpen(businessHours, nowMs, timeZone);
  const whenClosed = isClosed ? businessHours?.whenClosed?.workflow : undefined;
  const wanted = [whenClosed, workflow].map((name) => enabled.find((candidate) => candidate.name === name));
  return wanted.find((found) => found !== undefined) ?? enabled[0] ?? nothingToAsk(language);
}

function nothingToAsk(language: string): Workflow {
  return workflowSchema.parse({ name: 'none', onComplete: { say: phrasesFor(language).nobodyAnswers } });
}
