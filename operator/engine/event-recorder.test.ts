import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { EventRecorder } from './event-recorder.ts';

const TENANT: KubeObject = { apiVersion: 'veralux.io/v1alpha1', kind: 'Tenant', metadata: { name: 'acme' } };
const NOTE = { type: 'Warning', reason: 'IdTaken', message: 'The id is taken.' } as const;

/** The Events that an API server holds, by name, with their counts. */
class EventStore {
  readonly counts = new Map<string, number>();
  isAway = false;

  async create<T extends KubeObject>(_resource: unknown, event: T): Promise<T> {
    if (this.isAway) throw new KubeError({ status: 0, reason: 'Unreachable', message: 'away' });
    this.counts.set(event.metadata.name, 1);
    return event;
  }

  async mergePatch<T extends KubeObject>(_resource: unknown, ref: ObjectRef, patch: object): Promise<T> {
    if (!this.counts.has(ref.name)) throw new KubeError({ status: 404, reason: 'NotFound', message: '' });
    this.counts.set(ref.name, (patch as { count: number }).count);
    return patch as T;
  }
}

function create() {
  const [clock, client] = [new FakeClock(), new EventStore()];
  const recorder = new EventRecorder({ client, component: 'test', clock, log: silentLogger });
  const record = async (afterMs: number) => {
    await clock.advance(afterMs);
    recorder.record(TENANT, NOTE);
    await clock.advance(0);
  };
  return { client, record };
}

describe('an event recorder', () => {
  test('counts what happens again in one event, written at most once a minute', async () => {
    const { client, record } = create();
    for (const afterMs of [0, 20_000, 20_000]) await record(afterMs);
    expect([...client.counts.values()]).toEqual([1]);
    await record(20_000);
    expect([...client.counts.values()]).toEqual([4]);
  });

  test('begins anew when the event has expired at the API server', async () => {
    const { client, record } = create();
    await record(0);
    client.counts.clear();
    await record(3_600_000);
    expect([...client.counts.values()]).toEqual([1]);
  });

  test('begins anew when the first could not be written', async () => {
    const { client, record } = create();
    client.isAway = true;
    await record(0);
    client.isAway = false;
    await record(1_000);
    expect([...client.counts.values()]).toEqual([1]);
  });
});
