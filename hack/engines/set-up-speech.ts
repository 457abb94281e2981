import { ensurePackages } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';

/** Vitest's global set-up of the projects with `.speech` in their suffix: flite and PocketSphinx. */
export function setup(): Promise<void> {
  return ensurePackages(createProgress(process.stderr));
}
