import type { RawTenant } from '#operator/world/raw-objects.ts';
import { secretNamesIn } from '#operator/world/secret-refusal.ts';

/** The names of what a Tenant refers to in its namespace, as its spec has them before it is parsed. */
export function referencesOf({ spec }: RawTenant): {
  readonly secrets: readonly string[];
  readonly configMaps: readonly string[];
} {
  const knowledgeFrom = (spec?.['knowledgeFrom'] ?? []) as readonly { readonly name: string }[];
  return { secrets: secretNamesIn(spec?.['tools']), configMaps: knowledgeFrom.map(({ name }) => name) };
}

export function refersToAnything(tenant: RawTenant): boolean {
  const { secrets, configMaps } = referencesOf(tenant);
  return secrets.length > 0 || configMaps.length > 0;
}
