/**
 * What tells one process from a later one that was given the same pid: when it started, and in which boot.
 * Records and locks keep it, so that nothing is ever signalled that we did not start.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const HAS_PROC = existsSync('/proc/self/stat');

/** The identity of the running process `pid`; undefined when there is none, or only a zombie of it. */
export function processIdentity(pid: number): string | undefined {
  return HAS_PROC ? fromProc(pid) : fromPs(pid);
}

/** Whether `pid` is still the process that had `identity`. */
export function isSameProcess(pid: number, identity: string): boolean {
  return processIdentity(pid) === identity;
}

function fromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  // proc(5): the name in field 2 may hold spaces and brackets, so count from its last bracket: field 3 is
  // the state, field 22 the start time in clock ticks since boot.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTicks = fields[19];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return `${bootID()}:${startTicks}`;
}

let knownBootID: string | undefined;
function bootID(): string {
  knownBootID ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootID;
}

function fromPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.slice(line.indexOf(' ')).trim();
  } catch (error) {
    // ps ends with status 1 when there is no such process.
    if ((error as { status?: unknown }).status === 1) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOENT' || code === 'ESRCH';
}
