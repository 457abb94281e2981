import { expect, test } from 'vitest';
import type { Informer } from '#lib/kube/informer.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { countVanished } from './count-vanished.ts';
import type { ObservedTenant } from './observed-tenant.ts';

type Handler = Parameters<Informer<ObservedTenant>['onChange']>[0];

test('only what is gone without a deletion is counted', async () => {
  const handlers: Handler[] = [];
  const registry = createRegistry('test');
  const informer = { onChange: (handler: Handler) => (handlers.push(handler), () => true) };
  countVanished(informer, { registry, log: silentLogger });
  const living: ObservedTenant = { apiVersion: 'v1', kind: 'Tenant', metadata: { name: 'acme' } };
  const ending: ObservedTenant = { ...living, deletion: 'Retain' };
  const tell = (before?: ObservedTenant, after?: ObservedTenant) => {
    for (const handler of handlers) handler('acme', before, after, 'Watch');
  };
  tell(undefined, living);
  tell(living, ending);
  tell(ending, undefined);
  tell(living, living);
  tell(living, undefined);
  expect(await registry.getSingleMetricAsString('veralux_tenants_vanished_total')).toContain(' 1');
});
