import type { KubeObject } from '#lib/kube/kube-object.ts';
import { FIELD_MANAGER, LABELS } from '#operator/installation/names.ts';

/** A Secret that is labelled to be copied. */
export interface SharedSecret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** In a name or a key, these tell a credential of the platform: no tenant may ever have one. */
const PLATFORM_WORDS = ['telnyx', 'stripe', 'jwt', 'redis', 'postgres', 'database'];

/** Made by Kubernetes for one purpose in one place; a copy would be refused or would be a leak. */
const REFUSED_TYPES = new Set([
  'kubernetes.io/service-account-token',
  'bootstrap.kubernetes.io/token',
  'helm.sh/release.v1',
]);

/**
 * Why a Secret is not copied, as a sentence; undefined when it is. `usedByRuntimes` are the names that
 * VoiceRuntimes of the same namespace refer to, `reserved` those of the operator's own in a tenant's.
 */
export function refusalOf(
  secret: SharedSecret,
  { usedByRuntimes, reserved }: { usedByRuntimes: ReadonlySet<string>; reserved: ReadonlySet<string> },
): string | undefined {
  const { name, labels } = secret.metadata;
  const refused = (why: string) => `The Secret ${name} is not copied to tenants: ${why}`;
  if (usedByRuntimes.has(name)) return refused('a VoiceRuntime works with it, so it is the platform’s own.');
  if (reserved.has(name)) return refused('a tenant’s namespace has one of its own under this name.');
  if (name.startsWith('veralux-') || labels?.[LABELS.managedBy] === FIELD_MANAGER) {
    return refused('it is the platform’s own.');
  }
  if (REFUSED_TYPES.has(secret.type ?? '')) return refused(`its type is ${secret.type}.`);
  const suspicious = [name, ...Object.keys(secret.data ?? {})].filter((word) =>
    PLATFORM_WORDS.some((known) => word.toLowerCase().includes(known)),
  );
  if (suspicious.length === 0) return undefined;
  return refused(
    `${suspicious.join(', ')} looks like a credential of the platform (${PLATFORM_WORDS.join(', ')}).`,
  );
}

/** Every name under a `secretRef` in a spec, wherever it stands. */
export function secretNamesIn(spec: unknown): string[] {
  if (Array.isArray(spec)) return spec.flatMap(secretNamesIn);
  if (spec === null || typeof spec !== 'object') return [];
  return Object.entries(spec).flatMap(([field, value]) => {
    if (field !== 'secretRef') return secretNamesIn(value);
    const { name } = value as { readonly name?: unknown };
    return typeof name === 'string' ? [name] : [];
  });
}
