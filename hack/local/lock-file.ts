/**
 * A lock that one living process holds: a file that names it. One left by a process that is gone, by
 * kill -9 or a power cut, is nobody's.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createWhole } from './create-whole.ts';
import { isSameProcess, processIdentity } from './process-identity.ts';

interface Holder {
  readonly pid: number;
  readonly identity: string;
}

/** Takes the lock at `path`; resolves to the pid of the living holder where there is one, else undefined. */
export function takeLock(path: string): number | undefined {
  const identity = processIdentity(process.pid);
  if (identity === undefined) throw new Error('this process does not see itself');
  for (;;) {
    try {
      createWhole(path, JSON.stringify({ pid: process.pid, identity } satisfies Holder));
      return undefined;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (isSameProcess(holder.pid, holder.identity)) return holder.pid;
    removeStale(path, holder);
  }
}

/** The pid of the living holder of the lock at `path`, if any. */
export function lockHolder(path: string): number | undefined {
  const holder = readHolder(path);
  return holder !== undefined && isSameProcess(holder.pid, holder.identity) ? holder.pid : undefined;
}

/** Gives the lock back, if this process holds it. */
export function releaseLock(path: string): void {
  if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
}

/** Moves a stale lock aside first: if somebody took it in between, it is their lock and goes back. */
function removeStale(path: string, stale: Holder): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return;
    throw error;
  }
  if (readHolder(aside)?.identity !== stale.identity) linkSync(aside, path);
  rmSync(aside);
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}
