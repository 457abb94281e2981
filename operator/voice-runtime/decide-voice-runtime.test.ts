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
  const verdict = unheard(before === undefined ? [] : [{ ...condition, status: before }]);
  expect(verdict).toMatchObject({ status, reason: 'RedisUnavailable' });
});

test('one that was never heard of is not ready, and will be', () => {
  expect(runtimeReady([unheard([])])).toMatchObject({ status: 'False', reason: 'Progressing' });
});
