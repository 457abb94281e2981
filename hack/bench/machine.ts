import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** Where figures were measured. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly os: string;
  readonly kernel: string;
  readonly node: string;
  /** What ran beside the program, and what of it differs from production. */
  readonly setting: string;
}

/** This machine, and what the benches say of what ran on it; all its CPUs, also where we may use some alone. */
export function describeMachine(setting: string): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: osName(),
    kernel: release(),
    node: process.version,
    setting,
  };
}

/** One line for a table or a terminal. */
export function machineLine(machine: Machine): string {
  const { cores, cpu, memoryGiB, os, kernel, node, setting } = machine;
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, ${os}, Linux ${kernel}, Node.js ${node}; ${setting}.`;
}

function osName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return 'Linux';
    throw error;
  }
}
