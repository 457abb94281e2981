import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockHolder, releaseLock, takeLock } from './lock-file.ts';

describe('a lock file', () => {
  let directory: string;
  let lock: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'veralux-lock-'));
    lock = join(directory, 'lock');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('is held by one process until it gives it back', () => {
    expect(takeLock(lock)).toBeUndefined();
    expect(takeLock(lock)).toBe(process.pid);
    expect(lockHolder(lock)).toBe(process.pid);
    releaseLock(lock);
    expect(lockHolder(lock)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('of a process that is gone is free', () => {
    const { pid } = spawnSync('true');
    writeFileSync(lock, JSON.stringify({ pid, identity: 'this-boot:1' }));
    expect(lockHolder(lock)).toBeUndefined();
    expect(takeLock(lock)).toBeUndefined();
    expect(lockHolder(lock)).toBe(process.pid);
    expect(readdirSync(directory)).toEqual(['lock']);
  });

  test('of a process whose pid another one has now is free', () => {
    writeFileSync(lock, JSON.stringify({ pid: process.ppid, identity: 'an-earlier-boot:1' }));
    expect(takeLock(lock)).toBeUndefined();
  });
});
