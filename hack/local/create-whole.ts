import { randomUUID } from 'node:crypto';
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Makes the file `path` appear with all of `text` in it or not at all, whenever this process dies.
 * Throws EEXIST where there is one.
 */
export function createWhole(path: string, text: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    linkSync(draft, path);
  } finally {
    rmSync(draft);
  }
}
