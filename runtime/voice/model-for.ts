import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { LanguageModel } from '#runtime/engines/language-model.ts';
import type { SessionParts } from './session-parts.ts';

/** The language model that leads the tenant's conversations: where the pod has one and the tenant wants it. */
export function modelFor(
  { engines }: Pick<SessionParts, 'engines'>,
  { assistant }: Pick<TenantProfile, 'assistant'>,
): LanguageModel | undefined {
  return assistant.driver === 'StepByStep' ? undefined : engines.llm;
}
