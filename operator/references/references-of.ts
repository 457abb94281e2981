import type { RawTenant } from '#operator/world/raw-objects.ts';
import { secretNamesIn } from '#operator/world/secret-refusal.ts';

/** The names of what a Tenant refers to in its namespace, as its spec has them before it is parsed. */
export function referencesOf({ spec }: RawTenant): { readonly secrets: readonly string[] } {
  return { secrets: secretNamesIn(spec?.['tools']) };
}

export function refersToAnything(tenant: RawTenant): boolean {
  return referencesOf(tenant).secrets.length > 0;
}
