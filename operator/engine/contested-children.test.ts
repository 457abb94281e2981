import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ChildCache } from './child-cache.ts';
import type { ChildClient } from './child-work.ts';
import { ContestedChildren } from './contested-children.ts';
import { ensureChild } from './ensure-child.ts';
import { MAP, MARK, NAMES } from './fakes/children-in-test.ts';

/** One ConfigMap at an API server that takes every write, and who else writes it. */
function open() {
  const clock = new FakeClock();
  let version = 0;
  let live: KubeObject | undefined;
  let writes = 0;
  const store = (object: object): KubeObject => {
    version += 1;
    const { metadata } = object as KubeObject;
    live = { ...object, metadata: { ...metadata, uid: 'u', resourceVersion: `${version}` } } as KubeObject;
    return live;
  };
  const write = async (object: object) => {
    writes += 1;
    return store({ apiVersion: 'v1', kind: 'ConfigMap', ...object });
  };
  const client = {
    create: (_resource: unknown, object: object) => write(object),
    apply: (_resource: unknown, object: object) => write(object),
  } as unknown as ChildClient;
  const cache = new ChildCache({
    client: client as never,
    log: silentLogger,
    clock,
    kind: MAP,
    names: NAMES,
  });
  const wanted = (value: string): Applied => ({
    metadata: { name: 'child', namespace: 'ns', labels: MARK },
    data: { a: value },
  });
  return {
    clock,
    writes: () => writes,
    ensure: (value = 'ours') => ensureChild({ client, cache, desired: wanted(value), wasThere: true }),
    rival: () => {
      if (live === undefined) throw new Error('it is not there yet');
      const managedFields = [{ manager: 'rival', operation: 'Update', time: '2026-01-01T00:00:00Z' }];
      const metadata = { ...live.metadata, managedFields };
      cache.observe(store({ ...live, metadata, data: { a: 'theirs' } }));
    },
  };
}

test('a child that another controller keeps changing is put back later and later', async () => {
  const { clock, ensure, rival, writes } = open();
  await ensure();
  for (let second = 0; second < 3_600; second += 1) {
    rival();
    await ensure();
    await clock.advance(1_000);
  }
  rival();
  expect(await ensure()).toMatchObject({ outcome: 'Contested', changedBy: 'rival' });
  // 5 at once, 7 while the pauses double, then one each 7.5 to 15 min.
  expect(writes()).toBeGreaterThan(10);
  expect(writes()).toBeLessThan(30);
});

test('what is wanted otherwise is written at once, also while the child is contested', async () => {
  const { ensure, rival } = open();
  await ensure();
  for (let round = 0; round < 6; round += 1) {
    rival();
    await ensure();
  }
  rival();
  expect(await ensure()).toMatchObject({ outcome: 'Contested' });
  expect(await ensure('new')).toMatchObject({ outcome: 'Corrected', changedBy: 'rival' });
});

test('what a person changes now and then is put back at once, each time', async () => {
  const { clock, ensure, rival } = open();
  await ensure();
  for (let round = 0; round < 50; round += 1) {
    rival();
    expect(await ensure()).toEqual({ outcome: 'Corrected', changedBy: 'rival' });
    await clock.advance(20_000);
  }
});

test('a contest that is over is forgotten', async () => {
  const clock = new FakeClock();
  const contested = new ContestedChildren(clock, () => 1);
  for (let round = 0; round < 5; round += 1) contested.putBack('a');
  expect(contested.waitMs('a')).toBe(10_000);
  await clock.advance(10_000 + 900_001);
  contested.putBack('a');
  expect(contested.waitMs('a')).toBe(0);
});
