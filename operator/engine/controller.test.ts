import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { WriteFenced } from '#lib/kube/write-fence.ts';
import { type Logger, silentLogger } from '#lib/log/logger.ts';
import {
  Controller,
  type ControllerOptions,
  type Outcome,
  type Reconcile,
  ReconcileTimeout,
  TerminalError,
} from './controller.ts';
import { EngineMetrics } from './metrics.ts';

const conflict = () => new KubeError({ status: 409, reason: 'Conflict', message: 'newer' });
const unavailable = (retryAfterMs?: number) =>
  new KubeError({ status: 503, reason: 'ServiceUnavailable', message: 'away', retryAfterMs });

let controller: Controller;
afterEach(() => controller.stop());

/** A running controller of this reconcile; nothing has been added to it. */
async function start(reconcile: Reconcile, workers = 2, more: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const metrics = new EngineMetrics(new Registry());
  const options = { name: 'test', log: silentLogger, synced: [], clock, metrics, workers, reconcile };
  controller = new Controller({ ...options, ...more });
  await controller.start((error) => expect.unreachable(String(error)));
  return { clock };
}

/** A controller whose reconciles do what the script says, one entry each, then succeed. */
async function create(script: (Error | Outcome)[], mayAct: () => boolean = () => true) {
  const atMs: number[] = [];
  const { clock } = await start(
    async () => {
      atMs.push(clock.monotonic() - startMs);
      const next = script.shift() ?? {};
      if (next instanceof Error) throw next;
      return next;
    },
    2,
    { mayAct },
  );
  const startMs = clock.monotonic();
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

  test('asks again in a second where its writes were held back', async () => {
    const { clock, atMs } = await create([new WriteFenced()]);
    await clock.advance(999);
    expect(atMs).toEqual([0]);
    await clock.advance(1);
    expect(atMs).toEqual([0, 1_000]);
  });

  test.each<[string, unknown]>([
    ['an error', new Error('broken')],
    ['undefined', undefined],
    ['a string', 'broken'],
    ['an object without a prototype', Object.create(null)],
  ])('that meets %s goes on with other keys, and comes back to this one', async (_name, thrown) => {
    const seen: string[] = [];
    const { clock } = await start(async (key) => {
      seen.push(key);
      if (key === 'bad') throw thrown;
      return {};
    });
    controller.enqueue('bad');
    controller.enqueue('good');
    await clock.advance(20);
    expect(seen).toEqual(['bad', 'good']);
    await clock.advance(30);
    expect(seen).toEqual(['bad', 'good', 'bad']);
  });

  test.each<[string, Error, object]>([
    [
      'a peer that is away without a stack',
      unavailable(),
      { code: 'kube_service_unavailable', error: 'away' },
    ],
    ['a fault with its stack', new TypeError('a fault'), { err: new TypeError('a fault') }],
  ])('logs %s', async (_what, thrown, fields) => {
    const logged: object[] = [];
    const log = { ...silentLogger, child: () => log, warn: write, error: write } as unknown as Logger;
    function write(entry: object): void {
      logged.push(entry);
    }
    const { clock } = await start(async () => Promise.reject(thrown), 1, { log });
    controller.enqueue('key');
    await clock.advance(10);
    expect(logged).toEqual([{ ...fields, delayMs: expect.any(Number) }]);
  });

  test('tells a reconcile that takes too long to end, and tries the key again', async () => {
    const reasons: unknown[] = [];
    const { clock } = await start(
      (_key, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(signal.reason);
          });
        }),
    );
    controller.enqueue('slow');
    await clock.advance(120_000);
    expect(reasons).toEqual([expect.any(ReconcileTimeout)]);
    await clock.advance(121_000);
    expect(reasons).toHaveLength(2);
  });

  test('goes on without a reconcile that does not end, and never works on its key beside it', async () => {
    const seen: string[] = [];
    const hanging = Promise.withResolvers<Outcome>();
    const { clock } = await start((key) => {
      seen.push(key);
      return key === 'hanging' ? hanging.promise : Promise.resolve({});
    }, 1);
    controller.enqueue('hanging');
    await clock.advance(0);
    controller.enqueue('hanging');
    controller.enqueue('other');
    await clock.advance(124_999);
    expect(seen).toEqual(['hanging']);
    await clock.advance(1);
    expect(seen).toEqual(['hanging', 'other']);
    hanging.resolve({});
    await clock.advance(0);
    expect(seen).toEqual(['hanging', 'other', 'hanging']);
  });

  test('stops in five seconds although a reconcile hangs', async () => {
    const { clock } = await start(() => new Promise(() => {}));
    controller.enqueue('hanging');
    await clock.advance(0);
    const stopped = controller.stop();
    await clock.advance(5_000);
    await stopped;
    expect(controller.running).toBe(false);
  });

  test('is running when its caches are whole and its lease is held, not before and not after', async () => {
    const [synced, elected] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const options = { synced: [synced.promise], elected: elected.promise };
    const { clock } = await start(async () => ({}), 1, options);
    const seen = [controller.running];
    synced.resolve();
    await clock.advance(0);
    seen.push(controller.running);
    elected.resolve();
    await clock.advance(0);
    seen.push(controller.running);
    await controller.drain();
    seen.push(controller.running);
    expect(seen).toEqual([false, false, true, false]);
  });

  test('counts under the names and labels of controller-runtime', async () => {
    const registry = new Registry();
    const metrics = new EngineMetrics(registry);
    const working = Promise.withResolvers<Outcome>();
    const results: (() => Promise<Outcome>)[] = [
      () => Promise.resolve({}),
      () => Promise.resolve({ requeueAfterMs: 60_000_000 }),
      () => Promise.reject(conflict()),
      () => Promise.reject(unavailable()),
      () => Promise.reject(new TerminalError('broken', 'for good')),
      () => Promise.reject(new TypeError('a fault')),
    ];
    const { clock } = await start(() => results.shift()?.() ?? working.promise, 1, { metrics });
    for (let key = 0; key < 7; key += 1) controller.enqueue(`${key}`, key === 6 ? 'Low' : 'Normal');
    await clock.advance(10);
    controller.enqueue('waits', 'High');
    await clock.advance(10);
    const text = await registry.metrics();
    working.resolve({});
    const lines = text.split('\n').filter((line) => !/^#|_bucket|_sum/.test(line));
    const ofQueue = 'name="test",controller="test"';
    expect(lines).toEqual(
      expect.arrayContaining([
        'controller_runtime_reconcile_total{controller="test",result="success"} 1',
        'controller_runtime_reconcile_total{controller="test",result="requeue_after"} 1',
        'controller_runtime_reconcile_total{controller="test",result="requeue"} 1',
        'controller_runtime_reconcile_total{controller="test",result="error"} 3',
        'controller_runtime_reconcile_errors_total{controller="test"} 3',
        'controller_runtime_terminal_reconcile_errors_total{controller="test"} 1',
        'controller_runtime_reconcile_panics_total{controller="test"} 1',
        'controller_runtime_reconcile_time_seconds_count{controller="test"} 6',
        'controller_runtime_max_concurrent_reconciles{controller="test"} 1',
        'controller_runtime_active_workers{controller="test"} 1',
        `workqueue_depth{${ofQueue},priority="100"} 1`,
        `workqueue_depth{${ofQueue},priority="0"} 0`,
        `workqueue_depth{${ofQueue},priority="-100"} 0`,
        `workqueue_adds_total{${ofQueue}} 8`,
        `workqueue_retries_total{${ofQueue}} 2`,
        `workqueue_queue_duration_seconds_count{${ofQueue}} 7`,
        `workqueue_work_duration_seconds_count{${ofQueue}} 6`,
        `workqueue_unfinished_work_seconds{${ofQueue}} 0.02`,
        `workqueue_longest_running_processor_seconds{${ofQueue}} 0.02`,
      ]),
    );
  });
});
