import { expect, test } from 'vitest';
import { externallyAvailable, runtimeReady, unheard } from './decide-voice-runtime.ts';

const lastTransitionTime = '2027-01-01T00:00:00Z';

test.each([
  [{ replicas: 2, readyReplicas: 1 }, 'True', 'PodsServing'],
  [{ replicas: 2, readyReplicas: 0 }, 'False', 'NoPods'],
  [{ replicas: 0, readyReplicas: 0 }, 'False', 'NoPods'],
])('a runtime that runs elsewhere with the pods %j is available: %s', (counts, status, reason) => {
  expect(externallyAvailable(counts)).toMatchObject({ status, reason });
});

test.each([
  ['True', 'True'],
  ['False', 'False'],
  [undefined, 'Unknown'],
] as const)('while Redis is away one that was available (%s) is taken to be as it was', (before, status) => {
  const condition = { type: 'Available', reason: 'PodsServing', message: '', lastTransitionTime };
  const known = before === undefined ? [] : [{ ...condition, status: before, observedGeneration: 2 }];
  const verdict = unheard(known, { generation: 2, isAway: true });
  expect(verdict).toMatchObject({ status, reason: 'RedisUnavailable' });
});

test('an answer of Redis that is late once changes nothing of what was said of this generation', () => {
  const said = { type: 'Available', status: 'True', reason: 'PodsServing', message: 'They serve.' } as const;
  const known = [{ ...said, lastTransitionTime, observedGeneration: 2 }];
  expect(unheard(known, { generation: 2, isAway: false })).toEqual(said);
  expect(unheard(known, { generation: 3, isAway: false })).toMatchObject({ reason: 'RedisUnavailable' });
});

test('one that was never heard of is not ready, and will be', () => {
  expect(runtimeReady([unheard([], { generation: 1, isAway: false })])).toMatchObject({
    status: 'False',
    reason: 'Progressing',
  });
});
