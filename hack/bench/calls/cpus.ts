import { readFileSync } from 'node:fs';
import { capture } from '#hack/local/capture.ts';
import { LocalError } from '#hack/local/local-error.ts';

const TIMEOUT_MS = 10_000;

/** Who runs where: lists as taskset takes them. */
export interface CPUs {
  /** One CPU, for the runtime alone. */
  readonly runtime: string;
  /** For the load, the carrier, the engines and Redis. */
  readonly others: string;
}

/**
 * Divides this process's CPUs, and moves it with all its threads to those that are not the runtime's; what it
 * starts from now on is there, too. Throws a LocalError where there is one CPU alone, or no taskset.
 */
export async function divideCPUs(): Promise<CPUs> {
  const [runtime, ...others] = allowedCPUs();
  if (runtime === undefined || others.length === 0) {
    throw new LocalError('one_cpu', 'The load must not run on the CPU of the runtime: two are needed.');
  }
  const cpus = { runtime: String(runtime), others: others.join(',') };
  const { status, stderr } = await capture(
    'taskset',
    ['--all-tasks', '--cpu-list', '--pid', cpus.others, String(process.pid)],
    TIMEOUT_MS,
  );
  if (status !== 0) throw new LocalError('not_pinned', `taskset (of util-linux) failed: ${stderr.trim()}`);
  return cpus;
}

/** proc(5): such as `0-1,4`. */
function allowedCPUs(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
