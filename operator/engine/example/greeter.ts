import { randomUUID } from 'node:crypto';
import { systemClock } from '#lib/clock/clock.ts';
import { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { supervise } from '#lib/lifecycle/supervisor.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import { ChildCache } from '../child-cache.ts';
import type { ChildKind, ChildNames } from '../child-kind.ts';
import { Controller } from '../controller.ts';
import { ensureChild } from '../ensure-child.ts';
import { LeaseElector } from '../lease-elector.ts';
import { EngineMetrics } from '../metrics.ts';

export interface GreeterOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly registry: Registry;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

const NAMES: ChildNames = {
  fieldManager: 'greeter',
  managedBy: { label: 'greeter.example/managed-by', value: 'greeter' },
  appliedDigest: 'greeter.example/applied-digest',
  prefixes: ['greeter.example/'],
};
const GREETING: ChildKind = { resource: CONFIG_MAPS, owned: ({ data }) => ({ data }), replaceable: true };

/** A whole operator: for each ConfigMap labelled `greet=me` it keeps another that greets it. */
export async function runGreeter({ log, registry, namespace, signal, ...rest }: GreeterOptions) {
  const common = { log, clock: systemClock, metrics: new EngineMetrics(registry), name: 'greeter' };
  const lease = new LeaseElector({ ...common, client: rest.client, namespace, identity: randomUUID() });
  const client = rest.client.fencedBy(lease);
  const select = { labelSelector: 'greet=me' };
  const people = new Informer({ client, log, resource: CONFIG_MAPS, select });
  const greetings = new ChildCache({ client, log, kind: GREETING, names: NAMES });
  const controller = new Controller({
    ...common,
    workers: 4,
    synced: [people.synced, greetings.synced],
    elected: lease.elected,
    mayAct: () => lease.isHeld,
    async reconcile(key, context) {
      const person = people.get(key)?.metadata;
      if (person === undefined) return {};
      const { name, namespace, uid } = person;
      const labels = { [NAMES.managedBy.label]: NAMES.managedBy.value };
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
      const metadata = { name: `${name}-greeting`, namespace, labels, ownerReferences };
      const desired = { metadata, data: { text: `Hello ${name}` } };
      await ensureChild({ client, cache: greetings, desired, signal: context.signal });
      return {};
    },
  });
  people.onChange((key) => controller.enqueue(key));
  greetings.onChange((key) => controller.enqueue(key.replace(/-greeting$/, '')));
  return supervise({ log, services: [lease, people, greetings, controller], signal, drainTimeoutMs: 5_000 });
}
