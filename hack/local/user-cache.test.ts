import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { assertSpace, fillCache, userCache } from './user-cache.ts';

describe('the cache of a user', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'veralux-cache-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(root, { recursive: true });
  });

  /** Fills `folder` with the file `made`; `fill` runs before the file is put in its place. */
  function makeIn(folder: string, fill: (draft: string) => void = () => undefined): Promise<void> {
    return fillCache({
      folder,
      what: 'a file',
      isFilled: () => existsSync(join(folder, 'made')),
      async fill(draft) {
        writeFileSync(join(draft, 'made'), '');
        fill(draft);
        renameSync(join(draft, 'made'), join(folder, 'made'));
      },
      progress: { line: () => undefined, state: () => undefined },
    });
  }

  test.each([
    [{ VERALUX_CACHE: '/own', XDG_CACHE_HOME: '/xdg' }, '/own'],
    [{ VERALUX_CACHE: '', XDG_CACHE_HOME: '/xdg' }, '/xdg/veralux'],
    [{}, '/home/you/.cache/veralux'],
  ])('lies, with %o, in %s', (env, folder) => {
    vi.stubEnv('HOME', '/home/you');
    expect(userCache(env)).toBe(folder);
  });

  test('asks for a home where there is none', () => {
    vi.stubEnv('HOME', '');
    expect(() => userCache({})).toThrow('set HOME to a folder that can be written');
  });

  test('is filled once, and only what was made stays', async () => {
    const folder = join(root, 'kind', 'key');
    await makeIn(folder);
    await makeIn(folder, () => {
      throw new Error('filled twice');
    });
    expect(readdirSync(folder)).toEqual(['made']);
  });

  test('is as empty after a failure as before it', async () => {
    const failure = makeIn(root, () => {
      throw new Error('no network');
    });
    await expect(failure).rejects.toThrow('no network');
    expect(readdirSync(root)).toEqual([]);
  });

  test('is cleaned of what was killed half-way', async () => {
    mkdirSync(join(root, 'draft-killed'));
    await makeIn(root);
    expect(readdirSync(root)).toEqual(['made']);
  });

  test('names the folder that cannot be written, and what to set', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    await expect(makeIn(join(file, 'folder'))).rejects.toThrow(`${file}/folder cannot be written: set HOME`);
  });

  test('asks for room before it is used up', () => {
    expect(() => assertSpace(root, 2 ** 60, 'Building')).toThrow('Building needs 1073741824 GB and');
    expect(() => assertSpace(root, 1, 'Building')).not.toThrow();
  });
});
