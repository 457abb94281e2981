import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { podKeys } from '#crds/projection/keys.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { type Clock, systemClock } from '#lib/clock/clock.ts';
import { mastersOf } from '#lib/redis/servers.ts';
import { streamGenerationOf } from '#runtime/media-server/media-url.ts';
import { TestRuntime } from '#runtime/testing/test-runtime.ts';

/** Far above what the way to Redis takes, far below what the clocks are off. */
const TOLERANCE_MS = 2_000;

let server: TestRedis;

beforeEach(async () => {
  server = await startTestRedis();
});

afterEach(() => server.stop());

function shifted(offsetMs: number): Clock {
  return { ...systemClock, now: () => systemClock.now() + offsetMs };
}

describe.each([-5_000, 5_000])('a pod whose clock is %d ms off', (offsetMs) => {
  let pod: TestRuntime;

  beforeEach(async () => {
    pod = await TestRuntime.start(server.url, {}, () => true, shifted(offsetMs));
  });

  afterEach(() => pod.stop());

  /** Redis' time before and after `work`, each with the tolerance, and what `work` stored as a time. */
  async function expectRedisTime(work: () => Promise<number>): Promise<void> {
    const before = await redisNow();
    const atMs = await work();
    expect(atMs).toBeGreaterThan(before - TOLERANCE_MS);
    expect(atMs).toBeLessThan((await redisNow()) + TOLERANCE_MS);
  }

  async function redisNow(): Promise<number> {
    const [seconds] = (await mastersOf(pod.redis)[0]?.time()) ?? [];
    return Number(seconds) * 1_000;
  }

  test("asks for streams of generations in Redis' time, so that any pod can tell what is overdue", async () => {
    await expectRedisTime(async () => {
      const { body } = await pod.answer('v3:call');
      return (streamGenerationOf(body['stream_url']) ?? 0) / 1_000;
    });
  });

  test("is heard of in Redis' time, so that it is neither stale nor seen after its end", async () => {
    await expectRedisTime(async () => {
      await pod.runtime.pod.beat();
      return Number(await pod.redis.zscore(podKeys.runtimePods('veralux-system/shared'), 'pod-a'));
    });
  });
});
