import { inject } from 'vitest';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { ProvidedServices } from './provided.ts';

const SUFFIXES: Readonly<Record<keyof ProvidedServices, string>> = {
  veraluxRedis: '.redis.test.ts',
  veraluxPostgres: '.pg.test.ts',
  veraluxCluster: '.kube.test.ts',
};

/** What the set-up of this test file's project provides; throws when the file's name does not ask for it. */
export function providedService<K extends keyof ProvidedServices>(key: K): ProvidedServices[K] {
  const provided = inject(key) as ProvidedServices[K] | undefined;
  if (provided !== undefined) return provided;
  const suffix = SUFFIXES[key];
  throw new OperatingError(
    'wrong_test_suffix',
    `This test uses a server that its file's name does not ask for: name the file "<something>${suffix}".`,
  );
}
