import type { TestProject } from 'vitest/node';
import { startPostgres } from '#hack/local/postgres.ts';
import './provided.ts';
import { shareService } from './shared-services.ts';

/**
 * Vitest's global set-up of the projects with `.pg` in their suffix. The server is the run's own, or
 * with SAAS_MODE=true the one of DATABASE_URL: a role that may make databases and roles there. The API
 * servers of tests sign with JWT_SECRET then.
 */
export function setup(project: TestProject): Promise<() => Promise<void>> {
  const { SAAS_MODE, DATABASE_URL, JWT_SECRET } = process.env;
  const given = SAAS_MODE === 'true' ? DATABASE_URL : undefined;
  const jwtSecret = (SAAS_MODE === 'true' && JWT_SECRET) || undefined;
  return shareService(
    'postgres',
    async (instance) => ({
      adminURL: given || (await startPostgres({ instance, fsync: false })).adminURL,
      jwtSecret,
    }),
    (postgres) => project.provide('veraluxPostgres', postgres),
  );
}
