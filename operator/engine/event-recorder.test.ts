import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { EventRecorder } from './event-recorder.ts';

const NOTE = { type: 'Warning', reason: 'IdTaken', message: 'The id is taken.' } as const;

function thing(name: string): KubeObject {
  return { apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name, uid: `uid of ${name}` } };
}

interface Stored {
  readonly count: number;
  readonly message: string;
}

/** The Events that an API server holds, by name. */
class EventStore {
  readonly events = new Map<string, Stored>();
  isAway = false;
  /** Where set, requests wait for it. */
  gate: Promise<void> | undefined;

  async create<T extends KubeObject>(_resource: unknown, event: T): Promise<T> {
    await this.gate;
    if (this.isAway) throw new KubeError({ status: 0, reason: 'Unreachable', message: 'away' });
    this.events.set(event.metadata.name, event as unknown as Stored);
    return event;
  }

  async mergePatch<T extends KubeObject>(_resource: unknown, ref: ObjectRef, patch: object): Promise<T> {
    const known = this.events.get(ref.name);
    if (known === undefined) throw new KubeError({ status: 404, reason: 'NotFound', message: '' });
    this.events.set(ref.name, { ...known, ...patch });
    return patch as T;
  }

  get counts(): readonly number[] {
    return [...this.events.values()].map(({ count }) => count);
  }
}

function create() {
  const [clock, client] = [new FakeClock(), new EventStore()];
  const ends: string[] = [];
  const metrics = { eventEnded: (result: string) => ends.push(result) };
  const recorder = new EventRecorder({ client, component: 'test', clock, log: silentLogger, metrics });
  const record = async (afterMs: number, message: string = NOTE.message) => {
    await clock.advance(afterMs);
    recorder.record(thing('acme'), { ...NOTE, message });
    await clock.advance(0);
  };
  return { clock, client, ends, recorder, record };
}

describe('an event recorder', () => {
  test('counts what happens again in one event, written at most once a minute', async () => {
    const { client, record } = create();
    for (const afterMs of [0, 20_000, 20_000]) await record(afterMs);
    expect(client.counts).toEqual([1]);
    await record(20_000);
    expect(client.counts).toEqual([4]);
  });

  test('begins anew when the event has expired at the API server', async () => {
    const { client, record } = create();
    await record(0);
    client.events.clear();
    await record(3_600_000);
    expect(client.events.size).toBe(1);
  });

  test('begins anew when the first could not be written', async () => {
    const { client, record, ends } = create();
    client.isAway = true;
    await record(0);
    client.isAway = false;
    await record(1_000);
    expect(client.counts).toEqual([1]);
    expect(ends).toEqual(['Failed', 'Written']);
  });

  test('collapses what follows ten events of one reason with different messages', async () => {
    const { client, record } = create();
    for (let number = 1; number <= 12; number += 1) await record(1_000, `message ${number}`);
    const messages = [...client.events.values()].map(({ message }) => message);
    expect(messages).toHaveLength(11);
    expect(messages.at(-1)).toBe('(combined from similar events): message 11');
    await record(60_000, 'message 13');
    expect(client.events.size).toBe(11);
    expect([...client.events.values()].at(-1)).toMatchObject({
      count: 3,
      message: '(combined from similar events): message 13',
    });
    // One that is known goes on being counted as what it is.
    await record(0, 'message 1');
    expect(client.counts[0]).toBe(2);
  });

  test('tells them apart again when there was none for ten minutes', async () => {
    const { client, record } = create();
    for (let number = 1; number <= 10; number += 1) await record(1_000, `message ${number}`);
    await record(600_001, 'message 11');
    expect([...client.events.values()].at(-1)?.message).toBe('message 11');
  });

  test('writes 25 events of an object at once and then one each five minutes, of others as before', async () => {
    const { clock, client, recorder } = create();
    const record = async (name: string, reason: string) => {
      recorder.record(thing(name), { ...NOTE, reason });
      await clock.advance(0);
    };
    for (let number = 1; number <= 30; number += 1) await record('acme', `Reason${number}`);
    expect(client.events.size).toBe(25);
    await record('other', 'Reason1');
    expect(client.events.size).toBe(26);
    await clock.advance(300_000);
    for (let number = 31; number <= 33; number += 1) await record('acme', `Reason${number}`);
    expect(client.events.size).toBe(27);
  });

  test('writes what waits before it drains, and drops what comes faster than it can be written', async () => {
    const { client, ends, recorder } = create();
    const gate = Promise.withResolvers<void>();
    client.gate = gate.promise;
    for (let number = 1; number <= 1_100; number += 1) recorder.record(thing(`thing-${number}`), NOTE);
    const drained = recorder.drain();
    gate.resolve();
    await drained;
    expect(client.events.size).toBe(1_000);
    expect(ends.filter((end) => end === 'Dropped')).toHaveLength(100);
    await recorder.stop();
  });

  test('gives events names that the API server takes, however long the name of their object', async () => {
    const { clock, client, recorder } = create();
    recorder.record(thing('x'.repeat(253)), NOTE);
    await clock.advance(0);
    expect([...client.events.keys()][0]?.length).toBeLessThanOrEqual(253);
  });
});
