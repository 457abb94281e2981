import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import { MAX_KNOWLEDGE_CHARACTERS } from '#crds/tenant/knowledge.ts';

type Knowledge = TenantProfile['knowledge'];

/**
 * What a language model is told from the start, as far as that is not too much for its context and for the time until
 * it answers, and what it has to look up. The tenant's own order decides.
 */
export function divideKnowledge(knowledge: Knowledge): {
  readonly told: Knowledge;
  readonly more: Knowledge;
} {
  let characters = 0;
  const firstThatIsTooMuch = knowledge.findIndex(({ title, text }) => {
    characters += title.length + text.length;
    return characters > MAX_KNOWLEDGE_CHARACTERS;
  });
  if (firstThatIsTooMuch === -1) return { told: knowledge, more: [] };
  return { told: knowledge.slice(0, firstThatIsTooMuch), more: knowledge.slice(firstThatIsTooMuch) };
}
