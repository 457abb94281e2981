import { expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';
import { PodReports } from './pod-reports.ts';

function create() {
  const clock = new FakeClock();
  const [warn, info] = [vi.fn(), vi.fn()];
  const zrange = vi.fn<() => Promise<string[]>>(async () => ['p']);
  const heartbeat = {
    pod: 'p',
    runtime: 'ns/vr',
    state: 'Serving',
    mediaURL: 'ws://a',
    slots: 5,
    calls: 2,
    at: clock.now(),
  };
  const redis = { zrange, hget: async () => JSON.stringify(heartbeat) };
  const reports = new PodReports({
    // Of Redis' many overloads only the one that is used here is played.
    redis,
    clock,
    log: { ...silentLogger, warn, info } as never,
  });
  return { clock, info, reports, warn, zrange };
}

/** Asks, lets half a second pass at most, and says what came of it and when. */
async function ask({ clock, reports }: ReturnType<typeof create>) {
  const fromMs = clock.monotonic();
  const asked = reports
    .of('ns/vr')
    .catch((error: unknown) => error)
    .then((answer) => ({ answer, afterMs: clock.monotonic() - fromMs }));
  const step = () => clock.advance(100);
  await clock.advance(0);
  for (let time = 0; time < 5 && clock.pending > 0; time += 1) await step();
  return asked;
}

test('what pods say is read, and nothing is left waiting', async () => {
  const one = create();
  expect(await ask(one)).toMatchObject({ answer: [{ pod: 'p', calls: 2 }], afterMs: 0 });
  expect(one.clock.pending).toBe(0);
});

test('a Redis that hangs is waited for half a second, and once a second for all runtimes together', async () => {
  const one = create();
  one.zrange.mockReturnValue(new Promise(() => {}));
  const { answer, afterMs } = await ask(one);
  expect(answer).toBeInstanceOf(RedisUnavailable);
  expect(answer).toMatchObject({ code: 'redis_unavailable', retryable: true });
  expect(afterMs).toBe(500);
  for (let time = 0; time < 3; time += 1) expect(await ask(one)).toEqual({ answer, afterMs: 0 });
  expect(one.zrange).toHaveBeenCalledOnce();
  await one.clock.advance(1_000);
  expect(await ask(one)).toMatchObject({ afterMs: 500 });
  expect(one.zrange).toHaveBeenCalledTimes(2);
  expect(one.clock.pending).toBe(0);
});

test('Redis is away when it has not answered for five seconds, not when it was late once', async () => {
  const one = create();
  one.zrange.mockRejectedValue(new Error('refused'));
  for (const isAway of [false, true, true]) {
    await ask(one);
    await one.clock.advance(2_500);
    expect(one.reports.isAway('ns/vr')).toBe(isAway);
  }
  one.zrange.mockResolvedValue([]);
  await ask(one);
  expect(one.reports.isAway('ns/vr')).toBe(false);
  one.zrange.mockRejectedValue(new Error('refused'));
  await ask(one);
  expect(one.reports.isAway('ns/vr')).toBe(false);
});

test('that Redis is away is said once and without a stack, and so is that it is back', async () => {
  const one = create();
  one.zrange.mockRejectedValue(new Error('refused'));
  for (let time = 0; time < 3; time += 1) {
    expect((await ask(one)).answer).toBeInstanceOf(RedisUnavailable);
    await one.clock.advance(1_000);
  }
  expect(one.warn).toHaveBeenCalledExactlyOnceWith({ error: 'refused' }, expect.any(String));
  one.zrange.mockResolvedValue([]);
  expect(await ask(one)).toEqual({ answer: [], afterMs: 0 });
  await ask(one);
  expect(one.info).toHaveBeenCalledOnce();
});
