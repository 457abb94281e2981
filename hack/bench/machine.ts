import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** Where figures were measured. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly os: string;
  readonly kernel: string;
  readonly node: string;
  readonly kubernetes: string;
  /** What of the servers differs from production. */
  readonly servers: string;
}

/** This machine, with the version that the control plane says of itself. */
export function describeMachine(kubernetes: string): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: osName(),
    kernel: release(),
    node: process.version,
    kubernetes,
    servers: 'etcd without fsync, Postgres and Redis with it, all on this machine',
  };
}

/** One line for a table or a terminal. */
export function machineLine(machine: Machine): string {
  const { cores, cpu, memoryGiB, os, kernel, node, kubernetes, servers } = machine;
  return (
    `${cores} cores (${cpu}), ${memoryGiB} GiB, ${os}, Linux ${kernel}, Node.js ${node}, ` +
    `Kubernetes ${kubernetes}; ${servers}.`
  );
}

function osName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return 'Linux';
    throw error;
  }
}
