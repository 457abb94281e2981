import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { Controller, type Outcome, TerminalError } from './controller.ts';
import { EngineMetrics } from './metrics.ts';

const conflict = () => new KubeError({ status: 409, reason: 'Conflict', message: 'newer' });
const unavailable = (retryAfterMs?: number) =>
  new KubeError({ status: 503, reason: 'ServiceUnavailable', message: 'away', retryAfterMs });

let controller: Controller;
afterEach(() => controller.stop());

/** A controller whose reconciles do what the script says, one entry each, then succeed. */
async function create(script: (Error | Outcome)[], mayAct: () => boolean = () => true) {
  const clock = new FakeClock();
  const atMs: number[] = [];
  const startMs = clock.monotonic();
  controller = new Controller({
    name: 'test',
    workers: 2,
    clock,
    log: silentLogger,
    metrics: new EngineMetrics(new Registry()),
    synced: [],
    mayAct,
    async reconcile() {
      atMs.push(clock.monotonic() - startMs);
      const next = script.shift() ?? {};
      if (next instanceof Error) throw next;
      return next;
    },
  });
  await controller.start((error) => expect.unreachable(String(error)));
  controller.enqueue('key');
  await clock.advance(0);
  return { clock, atMs };
}

describe('a controller', () => {
  test('tries again 50 ms after a conflict, and later and later when conflicts do not end', async () => {
    const { clock, atMs } = await create(Array.from({ length: 60 }, conflict));
    await clock.advance(250);
    expect(atMs).toEqual([0, 50, 100, 150, 200, 250]);
    await clock.advance(3_600_000);
    // From the sixth on with back-off, which is capped at five minutes: about a dozen an hour.
    expect(atMs.length).toBeGreaterThan(18);
    expect(atMs.length).toBeLessThan(45);
  });

  test('counts conflicts in a row only', async () => {
    const five = () => Array.from({ length: 5 }, conflict);
    const { clock, atMs } = await create([...five(), { requeueAfterMs: 1_000 }, ...five()]);
    await clock.advance(1_500);
    expect(atMs).toEqual([0, 50, 100, 150, 200, 250, 1_250, 1_300, 1_350, 1_400, 1_450, 1_500]);
  });

  test('does not ask before the time that the server asked for', async () => {
    const { clock, atMs } = await create([unavailable(7_000)]);
    await clock.advance(6_999);
    expect(atMs).toEqual([0]);
    await clock.advance(1);
    expect(atMs).toEqual([0, 7_000]);
  });

  test('waits for the next change after an error that trying again does not mend', async () => {
    const { clock, atMs } = await create([new TerminalError('broken', 'for good')]);
    await clock.advance(3_600_000);
    expect(atMs).toEqual([0]);
    controller.enqueue('key');
    await clock.advance(0);
    expect(atMs).toHaveLength(2);
  });

  test('reconciles nothing while the lease is not surely held, and goes on when it is', async () => {
    let isHeld = false;
    const { clock, atMs } = await create([], () => isHeld);
    await clock.advance(5_000);
    expect(atMs).toEqual([]);
    isHeld = true;
    await clock.advance(1_000);
    expect(atMs).toHaveLength(1);
  });
});
