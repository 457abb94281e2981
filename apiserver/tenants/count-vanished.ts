import { Counter } from 'prom-client';
import type { Informer } from '#lib/kube/informer.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { ObservedTenant } from './observed-tenant.ts';

/**
 * Counts Tenants that are gone without a deletion having been seen: a cluster restored from an old
 * backup, or finalizers removed by hand. Their rows stay. Alarm on more than a few.
 */
export function countVanished(
  informer: Pick<Informer<ObservedTenant>, 'onChange'>,
  { registry, log }: { readonly registry: Registry; readonly log: Logger },
): void {
  const vanished = new Counter({
    name: 'veralux_tenants_vanished_total',
    help: 'Tenants that are gone without their deletion having been seen; their rows are kept.',
    registers: [registry],
  });
  informer.onChange((name, before, after) => {
    if (before === undefined || after !== undefined || before.deletion !== undefined) return;
    vanished.inc();
    log.warn({ tenant: name }, 'a tenant is gone without a deletion; its rows are kept');
  });
}
