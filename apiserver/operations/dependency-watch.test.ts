import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { createLogger } from '#lib/log/logger.ts';
import { createRegistry, type Registry } from '#lib/metrics/registry.ts';
import { DependencyWatch } from './dependency-watch.ts';

describe('DependencyWatch', () => {
  let clock: FakeClock;
  let registry: Registry;
  let watch: DependencyWatch;
  let checks: number;
  let logged: { dependency: string; problem?: string }[];
  let check: () => Promise<number>;

  beforeEach(async () => {
    clock = new FakeClock();
    registry = createRegistry('test');
    checks = 0;
    check = async () => clock.monotonic();
    logged = [];
    watch = new DependencyWatch({
      clock,
      registry,
      log: createLogger('test', 'info', { write: (line) => void logged.push(JSON.parse(line)) }),
      dependencies: [
        {
          name: 'postgres',
          staleAfterMs: 5_000,
          check: () => {
            checks += 1;
            return check();
          },
        },
      ],
    });
  });
  afterEach(async () => {
    await watch.stop();
    expect(clock.pending).toBe(0);
  });

  async function begin(): Promise<void> {
    await watch.start((error) => expect.unreachable(String(error)));
    await clock.advance(0);
  }
  const state = () => watch.states().get('postgres');

  test('what was not checked yet is down', () => {
    expect(state()).toEqual({ state: 'Down', ageMs: null, problem: 'it was not checked yet' });
  });

  test('what answers is up, and its age is that of its last word', async () => {
    await begin();
    await clock.advance(1_500);
    expect(state()).toEqual({ state: 'Up', ageMs: 1_500 });
    await clock.advance(1_000);
    expect(state()).toEqual({ state: 'Up', ageMs: 500 });
  });

  test('what fails is down, says why, and gets older until it answers again', async () => {
    await begin();
    check = () => Promise.reject(new Error('connection refused'));
    await clock.advance(7_000);
    expect(state()).toEqual({ state: 'Down', ageMs: 7_000, problem: 'connection refused' });
    check = async () => clock.monotonic();
    await clock.advance(1_000);
    expect(state()).toEqual({ state: 'Up', ageMs: 0 });
  });

  test('what fails is logged once, and so is that it answers again', async () => {
    await begin();
    check = () => Promise.reject(new Error('connection refused'));
    await clock.advance(7_000);
    check = async () => clock.monotonic();
    await clock.advance(7_000);
    expect(logged).toMatchObject([
      { dependency: 'postgres', problem: 'connection refused' },
      { dependency: 'postgres' },
    ]);
    expect(logged).toHaveLength(2);
  });

  test('what hangs is down after 2 s, and who asks does not wait for it', async () => {
    check = () => new Promise(() => undefined);
    await begin();
    await clock.advance(1_999);
    expect(state()?.problem).toBe('it was not checked yet');
    await clock.advance(1);
    expect(state()).toEqual({ state: 'Down', ageMs: null, problem: 'no answer within 2000 ms' });
  });

  test('what was heard long ago is stale and no reason to be down', async () => {
    const heardAtMs = clock.monotonic();
    check = async () => heardAtMs;
    await begin();
    await clock.advance(5_001);
    expect(state()).toEqual({ state: 'Stale', ageMs: 5_001 });
  });

  test('asking costs a dependency nothing', async () => {
    await begin();
    for (let count = 0; count < 100; count += 1) state();
    expect(checks).toBe(1);
  });

  test('is shown by metrics', async () => {
    await begin();
    check = () => Promise.reject(new Error('away'));
    await clock.advance(2_500);
    const text = await registry.metrics();
    expect(text).toMatch(/^veralux_dependency_usable\{dependency="postgres",.*\} 0$/m);
    expect(text).toMatch(/^veralux_dependency_age_seconds\{dependency="postgres",.*\} 2\.5$/m);
  });
});
