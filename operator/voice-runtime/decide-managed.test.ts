import { describe, expect, test } from 'vitest';
import { countsForReady, type ManagedState, managedVerdicts, wereMade } from './decide-managed.ts';
import { runtimeReady } from './decide-voice-runtime.ts';
import type { DeploymentObject, PodObject } from './workload.ts';

type DeploymentStatus = NonNullable<DeploymentObject['status']>;

function deployment(status: DeploymentStatus): DeploymentObject {
  const metadata = { name: 'd', generation: 2 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    status: { observedGeneration: 2, ...status },
  };
}

const all = { replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
const whole: ManagedState = {
  missing: undefined,
  refused: [],
  replicas: 2,
  deployment: deployment(all),
  pods: [],
  heard: true,
};
const starting: PodObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
const stuck = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
const secret = { reason: 'SecretMissing', message: 'There is no Secret.' } as const;

describe('Available and Progressing of a Managed runtime', () => {
  test.each<[string, Partial<ManagedState>, string, string]>([
    ['is complete', {}, 'True PodsServing', 'False Complete'],
    ['is being made', { deployment: undefined }, 'False Starting', 'True RollingOut'],
    [
      'waits for its pods',
      { deployment: deployment({ replicas: 2 }), pods: [starting] },
      'False Starting',
      'True RollingOut',
    ],
    ['grows', { replicas: 3 }, 'True PodsServing', 'True RollingOut'],
    [
      'was changed and that is not seen yet',
      { deployment: deployment({ ...all, observedGeneration: 1 }) },
      'True PodsServing',
      'True RollingOut',
    ],
    [
      'has an old pod left',
      { deployment: deployment({ ...all, replicas: 3 }) },
      'True PodsServing',
      'True RollingOut',
    ],
    [
      'is stuck',
      { deployment: deployment({ ...all, updatedReplicas: 1, conditions: [stuck] }) },
      'True PodsServing',
      'False RolloutStuck',
    ],
    ['is at zero', { replicas: 0, deployment: deployment({}) }, 'False ScaledToZero', 'False Complete'],
    [
      'lacks a Secret from the start',
      { missing: secret, deployment: undefined },
      'False SecretMissing',
      'False Waiting',
    ],
    ['lacks a Secret since', { missing: secret }, 'True PodsServing', 'False Waiting'],
    ['was refused', { refused: ['no'], deployment: undefined }, 'False NotApplied', 'False NotApplied'],
  ])('that %s', (_case, more, availableIs, progressingIs) => {
    const [available, progressing] = managedVerdicts({ ...whole, ...more });
    expect(`${available.status} ${available.reason}`).toBe(availableIs);
    expect(`${progressing.status} ${progressing.reason}`).toBe(progressingIs);
  });

  test.each([
    ['pods that serve', {}, 'True', /^There are pods that take calls\. Redis cannot be asked/],
    ['pods that do not start', { deployment: undefined }, 'False', /^The pods are being made\. Redis cannot/],
  ] as const)('say that Redis is away, of %s', (_case, more, status, message) => {
    const [available] = managedVerdicts({ ...whole, ...more, heard: false });
    expect(available).toMatchObject({ status, message: expect.stringMatching(message) });
  });

  test('count the pods that drain', () => {
    const draining = { ...starting, metadata: { name: 'p', deletionTimestamp: '2027-01-01T00:00:00Z' } };
    const [, progressing] = managedVerdicts({ ...whole, pods: [draining] });
    expect(progressing.message).toContain('Draining, until their last calls end: 1.');
  });

  test('leave Ready alone while a rollout goes on, and not when it is stuck', () => {
    const verdicts = (more: Partial<ManagedState>) => managedVerdicts({ ...whole, ...more });
    expect(runtimeReady(verdicts({ replicas: 3 }))).toMatchObject({ status: 'True' });
    const rollout = verdicts({ deployment: deployment({ ...all, conditions: [stuck] }) });
    expect(runtimeReady(rollout)).toMatchObject({ status: 'False', reason: 'Failed' });
  });

  test.each([
    ['False', true],
    ['Unknown', false],
    ['True', false],
  ] as const)('engines that are %s count for Ready: %s', (status, counts) => {
    expect(countsForReady({ type: 'EnginesReady', status, reason: 'a', message: '' })).toBe(counts);
  });
});

describe('whether all children were made before', () => {
  const status = (reason: string, observedGeneration = 3) => ({
    observedGeneration,
    conditions: [
      {
        type: 'Progressing',
        status: 'False' as const,
        reason,
        message: '',
        lastTransitionTime: '2027-01-01T00:00:00Z',
      },
    ],
  });
  test.each([
    ['a new runtime', undefined, false],
    ['one that was complete', status('Complete'), true],
    ['one that was External, or whose spec has changed', status('Complete', 2), false],
    ['one with objects refused', status('NotApplied'), false],
    ['one that waits for a Secret', status('Waiting'), false],
  ])('%s', (_case, before, expected) => {
    expect(wereMade(before, 3)).toBe(expected);
  });
});
