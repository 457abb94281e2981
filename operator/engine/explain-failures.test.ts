import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { WriteFenced } from '#lib/kube/write-fence.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ReconcileTimeout } from './controller.ts';
import { explainingFailures } from './explain-failures.ts';
import type { WithConditions } from './pausable.ts';

const AWAY = new KubeError({
  status: 500,
  reason: 'InternalError',
  message: 'failed calling webhook "theirs"',
});

/** One object whose reconcile fails with whatever `failWith` was given. */
function create() {
  let object: WithConditions = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x', generation: 3 } };
  let error: unknown;
  let refusesStatus = false;
  const clock = new FakeClock();
  const notes: unknown[] = [];
  const aborting = new AbortController();
  const wrapped = explainingFailures({
    resource: CONFIG_MAPS,
    fieldManager: 'test',
    clock,
    events: { record: (_object, note) => notes.push(note) },
    client: {
      async patchStatus(_resource, _ref, status) {
        if (refusesStatus) throw AWAY;
        object = { ...object, status };
        return object as never;
      },
    },
    cache: { get: () => object, observe: () => true },
    verdictOf: (_object, words) => ({
      type: 'Ready',
      status: 'False',
      reason: 'ClusterError',
      message: words,
    }),
    async reconcile() {
      if (error !== undefined) throw error;
      return {};
    },
  });
  return {
    clock,
    notes,
    aborting,
    run: () => wrapped('x', { signal: aborting.signal, log: silentLogger }),
    failWith: (one: unknown) => {
      error = one;
    },
    refuseStatus: () => {
      refusesStatus = true;
    },
    ready: () => object.status?.conditions?.[0],
  };
}

test('an error that lasts is told in its own words, and thrown on', async () => {
  const { clock, run, failWith, ready, notes } = create();
  failWith(AWAY);
  await expect(run()).rejects.toBe(AWAY);
  expect([ready(), notes]).toEqual([undefined, []]);
  await clock.advance(10_000);
  await expect(run()).rejects.toBe(AWAY);
  expect(ready()).toMatchObject({ status: 'False', reason: 'ClusterError', message: AWAY.message });
  expect(notes).toEqual([{ type: 'Warning', reason: 'ClusterError', message: AWAY.message }]);
});

test('errors between which all went well are not told', async () => {
  const { clock, run, failWith, ready } = create();
  for (let round = 0; round < 5; round += 1) {
    failWith(AWAY);
    await expect(run()).rejects.toBe(AWAY);
    await clock.advance(6_000);
    failWith(undefined);
    await run();
  }
  expect(ready()).toBeUndefined();
});

test('where the status cannot be written the Event tells it, and the first error is thrown', async () => {
  const { clock, run, failWith, refuseStatus, notes } = create();
  const first = new KubeError({ status: 403, reason: 'Forbidden', message: 'no' });
  failWith(first);
  refuseStatus();
  await expect(run()).rejects.toBe(first);
  await clock.advance(10_000);
  await expect(run()).rejects.toBe(first);
  expect(notes).toHaveLength(1);
});

test.each([
  ['a write that is held back by the lease', new WriteFenced(), undefined, undefined],
  ['what ends with the operator', AWAY, new Error('stopped'), undefined],
  ['a reconcile that takes too long', AWAY, new ReconcileTimeout(120_000), 'took longer than 120 s'],
  ['a fault', new RangeError('oops'), undefined, 'A fault of the operator, whose log has more of it: oops'],
])('of %s only what a person can act on is told', async (_name, error, reason, words) => {
  const { clock, run, failWith, aborting, ready } = create();
  failWith(error);
  if (reason !== undefined) aborting.abort(reason);
  await expect(run()).rejects.toBe(error);
  await clock.advance(10_000);
  await expect(run()).rejects.toBe(error);
  if (words === undefined) expect(ready()).toBeUndefined();
  else expect(ready()?.message).toContain(words);
});
