import type { Outcome } from '#operator/engine/controller.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';

/** Says on a Secret that is labelled to be copied why it is not. Tenants' reconciles make the copies. */
export async function reconcileSharedSecret(
  key: string,
  { world, events }: Pick<TenantDependencies, 'world' | 'events'>,
): Promise<Outcome> {
  const secret = world.sharedSecrets.sources.get(key);
  const refusal = secret === undefined ? undefined : world.sharedSecrets.refusal(secret);
  if (secret === undefined || refusal === undefined) return {};
  events.record(secret, { type: 'Warning', reason: 'NotCopied', message: refusal });
  return {};
}
