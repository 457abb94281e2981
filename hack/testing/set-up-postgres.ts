import type { TestProject } from 'vitest/node';
import { startPostgres } from '#hack/local/postgres.ts';
import './provided.ts';
import { shareService } from './shared-services.ts';

/** Vitest's global set-up of the projects with `.pg` in their suffix. */
export function setup(project: TestProject): Promise<() => Promise<void>> {
  return shareService(
    'postgres',
    async (instance) => ({ adminURL: (await startPostgres({ instance, fsync: false })).adminURL }),
    (postgres) => project.provide('veraluxPostgres', postgres),
  );
}
