import { describe, expect, test } from 'vitest';
import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { Autoscaler } from './autoscaler.ts';

const autoscaling = { minReplicas: 2, maxReplicas: 6, targetCallsPerReplica: 10 };

function pod(calls: number, state: PodHeartbeat['state'] = 'Serving'): PodHeartbeat {
  return { pod: 'p', runtime: 'a/b', state, mediaURL: 'ws://a', slots: 20, calls, at: 0 };
}

function size(
  autoscaler: Autoscaler,
  reports: readonly PodHeartbeat[] | undefined,
  present: number,
  readyReplicas = reports?.length ?? present,
): number {
  return autoscaler.size('a/b', { autoscaling, reports, present, readyReplicas });
}

describe('the size of a runtime by its calls', () => {
  test.each<[string, readonly PodHeartbeat[] | undefined, number, number]>([
    ['is the least while there are no calls', [pod(0), pod(0)], 2, 2],
    ['grows at once', [pod(20), pod(11)], 2, 4],
    ['counts the calls of serving pods only', [pod(10), pod(10), pod(30, 'Draining')], 2, 2],
    ['never passes the most', [pod(90), pod(90)], 2, 6],
    ['stays as it is while Redis is away', undefined, 5, 5],
    ['stays as it is while no pod was heard of', [], 5, 5],
  ])('%s', (_case, reports, present, wanted) => {
    expect(size(new Autoscaler(new FakeClock()), reports, present)).toBe(wanted);
  });

  test('starts at the least', () => {
    const autoscaler = new Autoscaler(new FakeClock());
    const request = { autoscaling, reports: [], readyReplicas: 0, present: undefined };
    expect(autoscaler.size('a/b', request)).toBe(2);
  });

  test('shrinks to the most that was wanted within five minutes', async () => {
    const clock = new FakeClock();
    const autoscaler = new Autoscaler(clock);
    expect(size(autoscaler, [pod(25), pod(25)], 2)).toBe(5);
    await clock.advance(200_000);
    expect(size(autoscaler, [pod(20), pod(10)], 5)).toBe(5);
    await clock.advance(99_000);
    expect(size(autoscaler, [pod(0), pod(0)], 5)).toBe(5);
    await clock.advance(2_000);
    expect(size(autoscaler, [pod(0), pod(0)], 5)).toBe(3);
    await clock.advance(200_000);
    expect(size(autoscaler, [pod(0), pod(0)], 3)).toBe(2);
  });

  test('does not shrink at once in a process that has just begun to look', async () => {
    const clock = new FakeClock();
    const autoscaler = new Autoscaler(clock);
    expect(size(autoscaler, [pod(1), pod(0)], 6)).toBe(6);
    await clock.advance(300_000);
    expect(size(autoscaler, [pod(1), pod(0)], 6)).toBe(2);
  });

  test('grows, but does not shrink, while some of the pods were not heard of', () => {
    const autoscaler = new Autoscaler(new FakeClock());
    expect(size(autoscaler, [pod(1)], 3, 3)).toBe(3);
    expect(size(autoscaler, [pod(48)], 3, 3)).toBe(5);
  });

  test('follows narrower bounds at once', () => {
    const autoscaler = new Autoscaler(new FakeClock());
    expect(size(autoscaler, [pod(60)], 2, 1)).toBe(6);
    const narrower = { ...autoscaling, maxReplicas: 3 };
    const request = { autoscaling: narrower, reports: [pod(60)], readyReplicas: 1, present: 6 };
    expect(autoscaler.size('a/b', request)).toBe(3);
  });
});
