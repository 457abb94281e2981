import { describe, expect, test } from 'vitest';
import { podTrouble } from './pod-trouble.ts';
import type { DeploymentObject, PodObject } from './workload.ts';

type PodStatus = NonNullable<PodObject['status']>;

function pod(status: PodStatus, more: Partial<PodObject['metadata']> = {}): PodObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'a', ...more }, status };
}

function waiting(reason: string, message?: string): PodObject {
  const state = { waiting: { reason, ...(message === undefined ? {} : { message }) } };
  return pod({ containerStatuses: [{ name: 'runtime', ready: false, state }] });
}

const ready = pod({ conditions: [{ type: 'Ready', status: 'True' }] });
const starting = pod({ conditions: [{ type: 'Ready', status: 'False' }] });
const unschedulable = pod({
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
    },
  ],
});
const ended = { terminated: { reason: 'OOMKilled', exitCode: 137 } };
const crashing = pod({
  containerStatuses: [
    { name: 'a', ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended },
  ],
});

describe('the trouble of pods', () => {
  test.each<[string, readonly PodObject[], string, string]>([
    ['no node has room', [unschedulable], 'Unschedulable', 'Insufficient nvidia.com/gpu'],
    [
      'the image cannot be pulled',
      [waiting('ImagePullBackOff', 'no such tag')],
      'ImageNotPulled',
      'no such tag',
    ],
    ['the first pull failed', [waiting('ErrImagePull')], 'ImageNotPulled', 'no more is said'],
    [
      'a Secret lacks a key',
      [waiting('CreateContainerConfigError', "couldn't find key")],
      'ContainerRefused',
      'find key',
    ],
    ['the program ends', [crashing], 'CrashLooping', 'OOMKilled, exit status 137'],
    ['it takes its time', [starting], 'Starting', 'not ready yet'],
    ['the one that is worst', [ready, starting, waiting('ErrImagePull')], 'ImageNotPulled', 'ErrImagePull'],
  ])('%s', (_case, pods, reason, words) => {
    const trouble = podTrouble(undefined, pods);
    expect(trouble?.reason).toBe(reason);
    expect(trouble?.message).toContain(words);
  });

  test('is none when all are ready, or on their way out', () => {
    const going = pod({ conditions: [] }, { deletionTimestamp: '2027-01-01T00:00:00Z' });
    expect(podTrouble(undefined, [ready, going])).toBeUndefined();
  });

  test('is first that the cluster does not let pods be made', () => {
    const deployment: DeploymentObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      status: { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }] },
    };
    expect(podTrouble(deployment, [starting])).toMatchObject({
      reason: 'PodsRefused',
      message: expect.stringContaining('exceeded quota'),
    });
  });

  test('bounds what it repeats of the cluster', () => {
    expect(podTrouble(undefined, [waiting('ErrImagePull', 'x'.repeat(9_000))])?.message.length).toBeLessThan(
      600,
    );
  });
});
