import type { TestProject } from 'vitest/node';
import { startPostgres } from '#hack/local/postgres.ts';
import './provided.ts';
import { shareService } from './shared-services.ts';

/**
 * Vitest's global set-up of the projects with `.pg` in their suffix. The server is the run's own, or
 * with SAAS_MODE=true the one of DATABASE_URL: a role that may make databases and roles there.
 */
export function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['SAAS_MODE'] === 'true' ? process.env['DATABASE_URL'] : undefined;
  return shareService(
    'postgres',
    async (instance) => ({
      adminURL: given || (await startPostgres({ instance, fsync: false })).adminURL,
    }),
    (postgres) => project.provide('veraluxPostgres', postgres),
  );
}
