import { expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { pausable, type WithConditions } from './pausable.ts';

const PAUSED = 'example.org/paused';
const context = { signal: new AbortController().signal, log: silentLogger };

/** One object whose cache sees a status as soon as it is written, unless it is behind. */
function create({ isBehind = false } = {}) {
  let object: WithConditions = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x', generation: 3 } };
  const reconcile = vi.fn(async () => ({ requeueAfterMs: 7 }));
  const record = vi.fn();
  const statuses: unknown[] = [];
  const wrapped = pausable({
    annotation: PAUSED,
    resource: CONFIG_MAPS,
    fieldManager: 'test',
    clock: new FakeClock(),
    events: { record },
    client: {
      async patchStatus<T extends KubeObject>(_resource: unknown, _ref: unknown, status: object) {
        statuses.push(status);
        return { ...object, status } as unknown as T;
      },
    },
    cache: {
      get: () => object,
      observe(written) {
        if (!isBehind) object = written as WithConditions;
        return !isBehind;
      },
    },
    reconcile,
  });
  return {
    reconcile,
    record,
    statuses,
    run: () => wrapped('x', context),
    annotate: (value: string | undefined, metadata: object = {}) => {
      const annotations = value === undefined ? {} : { [PAUSED]: value };
      object = { ...object, metadata: { ...object.metadata, ...metadata, annotations } };
    },
    setStatus: (status: object) => {
      object = { ...object, status };
    },
    conditions: () => object.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
  };
}

test('an object that never was paused is reconciled without a word about it', async () => {
  const { reconcile, run, statuses } = create();
  expect(await run()).toEqual({ requeueAfterMs: 7 });
  expect([reconcile.mock.calls.length, statuses]).toEqual([1, []]);
});

test('a paused object gets its condition and one Event, once, and nothing else', async () => {
  const one = create();
  one.setStatus({ kept: 'as it was' });
  one.annotate('true');
  for (let time = 0; time < 3; time += 1) expect(await one.run()).toEqual({});
  expect(one.conditions()).toEqual([['Paused', 'True', 'Paused']]);
  expect(one.statuses).toEqual([expect.objectContaining({ kept: 'as it was' })]);
  expect(one.record.mock.calls).toMatchObject([[{}, { type: 'Normal', reason: 'Paused' }]]);
  expect(one.reconcile).not.toHaveBeenCalled();
});

test('a paused object that is being deleted is left alone too', async () => {
  const { annotate, reconcile, run } = create();
  annotate('true', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  await run();
  expect(reconcile).not.toHaveBeenCalled();
});

test.each(['false', 'True', ''])('the annotation %j does not pause', async (value) => {
  const { annotate, reconcile, run } = create();
  annotate(value);
  await run();
  expect(reconcile).toHaveBeenCalledOnce();
});

test('an object that is paused no longer is told so and reconciled at once', async () => {
  const { annotate, conditions, reconcile, run, statuses } = create();
  annotate('true');
  await run();
  annotate(undefined);
  expect(await run()).toEqual({ requeueAfterMs: 7 });
  expect(conditions()).toEqual([['Paused', 'False', 'NotPaused']]);
  await run();
  expect([reconcile.mock.calls.length, statuses.length]).toEqual([2, 2]);
});

test('a cache that still has it paused is waited for, or the old status would be written again', async () => {
  const { annotate, reconcile, run, setStatus } = create({ isBehind: true });
  const time = '2026-01-01T00:00:00Z';
  const condition = {
    type: 'Paused',
    status: 'True',
    reason: 'Paused',
    message: '',
    lastTransitionTime: time,
  };
  setStatus({ conditions: [condition] });
  annotate(undefined);
  expect(await run()).toEqual({ requeueAfterMs: 50 });
  expect(reconcile).not.toHaveBeenCalled();
});
