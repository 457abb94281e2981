import { readFileSync } from 'node:fs';

/** What the kernel says of one process. */
export interface ProcessUsage {
  readonly rssMB: number;
  /** The most its RSS has ever been. */
  readonly peakRSSMB: number;
  /** User and system time since it began. */
  readonly cpuSeconds: number;
}

/** USER_HZ, in which /proc counts; 100 on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** Reads /proc of a running process; 1 MB is 10^6 bytes. Throws when the process has ended. */
export function processUsage(pid: number | 'self'): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // proc(5): the name in field 2 may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rssMB: (kib('VmRSS') * 1_024) / 1e6,
    peakRSSMB: (kib('VmHWM') * 1_024) / 1e6,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}
