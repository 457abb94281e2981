/**
 * One project for each combination of suffixes before `.test.ts`: `.pg` (Postgres), `.redis`, `.kube` (a real
 * API server), `.speech` (flite and PocketSphinx). A project provides exactly what its files' names ask for.
 */
import { defineConfig } from 'vitest/config';

const SET_UPS = {
  pg: 'hack/testing/set-up-postgres.ts',
  redis: 'hack/testing/set-up-redis.ts',
  kube: 'hack/testing/set-up-cluster.ts',
  speech: 'hack/engines/set-up-speech.ts',
} as const;
type Service = keyof typeof SET_UPS;
const SERVICES = Object.keys(SET_UPS) as Service[];
const NOT_OURS = ['**/node_modules/**', '.veralux/**', '**/*.e2e.test.ts'];

export default defineConfig({
  test: {
    // The machine that this must fit has 2 cores, and the servers need some of them.
    maxWorkers: 2,
    testTimeout: 20_000,
    // Hooks start a control plane, Redis and an operator: 4 s alone, over a minute beside other files.
    hookTimeout: 180_000,
    teardownTimeout: 30_000,
    // What a real socket or process brings about takes its time while every core is busy.
    expect: { poll: { timeout: 10_000 } },
    projects: combinations(SERVICES).map((services) => ({
      extends: true as const,
      test: {
        name: services.length === 0 ? 'unit' : services.join('+'),
        // A glob of braces needs a comma in them: `.pg`, but `.{pg,redis}.{pg,redis}`.
        include: [
          `**/*${`.${services.length > 1 ? `{${services.join(',')}}` : services.join()}`.repeat(services.length)}.test.ts`,
        ],
        exclude: [
          ...NOT_OURS,
          ...SERVICES.filter((service) => !services.includes(service)).map((service) => `**/*.${service}.*`),
        ],
        globalSetup: services.map((service) => SET_UPS[service]),
      },
    })),
  },
});

/** Every subset of `services`, the empty one first. */
function combinations(services: readonly Service[]): Service[][] {
  return services.reduce<Service[][]>(
    (sets, service) => [...sets, ...sets.map((set) => [...set, service])],
    [[]],
  );
}
