import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { moduleHash } from './build.ts';

describe('the key of built programs', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'veralux-module-'));
    mkdirSync(join(directory, 'cmd', 'etcd'), { recursive: true });
    for (const file of ['go.mod', 'go.sum', 'cmd/etcd/main.go']) write(file, file);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (file: string, text: string) => writeFileSync(join(directory, file), text);
  const key = (flags: readonly string[] = ['-trimpath']) => moduleHash(directory, flags);

  test('stays the same for the same inputs, whatever else lies in the folder', () => {
    const before = key();
    write('README.md', 'words');
    expect(key()).toBe(before);
  });

  test.each(['go.mod', 'go.sum', 'cmd/etcd/main.go'])('changes with %s', (file) => {
    const before = key();
    write(file, 'changed');
    expect(key()).not.toBe(before);
  });

  test('changes with the build flags', () => {
    expect(key(['-trimpath', '-race'])).not.toBe(key(['-trimpath']));
  });
});
