import type { TestProject } from 'vitest/node';
import { ensurePackages } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';
import './provided.ts';
import { shareService } from './shared-services.ts';

/** Vitest's global set-up of the projects with `.redis` in their suffix. */
export function setup(project: TestProject): Promise<() => Promise<void>> {
  return shareService(
    'redis',
    async (instance) => {
      await ensurePackages(createProgress(process.stderr));
      return { instance: instance.directory };
    },
    (redis) => project.provide('veraluxRedis', redis),
  );
}
