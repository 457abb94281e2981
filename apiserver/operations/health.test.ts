import { describe, expect, test } from 'vitest';
import type { DependencyName, DependencyState } from './dependency-watch.ts';
import { type HealthDeps, readinessOf, readyRoute } from './health.ts';

const UP: DependencyState = { state: 'Up', ageMs: 5 };
const DOWN: DependencyState = { state: 'Down', ageMs: 9_000, problem: 'connect ECONNREFUSED 10.0.0.7:6379' };

function depsOf(states: Partial<Record<DependencyName, DependencyState>>, notServing?: string): HealthDeps {
  const all = { postgres: UP, redis: UP, informer: UP, ...states };
  const map = new Map(Object.entries(all) as [DependencyName, DependencyState][]);
  return { dependencies: { states: () => map }, notServing: () => notServing };
}

const raw = {
  params: {},
  query: {},
  body: undefined,
  headers: {},
  network: '',
  signal: new AbortController().signal,
};

describe('GET /ready', () => {
  test.each<[string, HealthDeps, number]>([
    ['all that it leans on is up', depsOf({}), 200],
    ['Postgres is down', depsOf({ postgres: DOWN }), 503],
    ['the Tenants have not been listed', depsOf({ informer: DOWN }), 503],
    ['Redis is down, which all replicas would be unready by at once', depsOf({ redis: DOWN }), 200],
    ['nothing was heard of the Tenants for long', depsOf({ informer: { state: 'Stale', ageMs: 1e6 } }), 200],
    ['the server ends', depsOf({}, 'the server is ending'), 503],
  ])('where %s', async (_what, deps, status) => {
    expect((await readyRoute(deps).handle(raw, undefined, [])).status).toBe(status);
  });

  test('says which is down and not why, which staff are told', async () => {
    const deps = depsOf({ redis: DOWN });
    const { body } = await readyRoute(deps).handle(raw, undefined, []);
    expect(body).toMatchObject({ ready: true, checks: { redis: { state: 'Down', ageMs: 9_000 } } });
    expect(JSON.stringify(body)).not.toContain('ECONNREFUSED');
    expect(readinessOf(deps).checks.redis?.problem).toContain('ECONNREFUSED');
  });
});
