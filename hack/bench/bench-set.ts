import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture } from '#hack/local/capture.ts';
import type { BenchOutcome } from './bench-outcome.ts';
import { type Machine, machineLine } from './machine.ts';
import { benchSection, readResults, writeResult } from './results.ts';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CAPTURE_TIMEOUT_MS = 20_000;

export interface BenchSet<Name extends string> {
  /** All benches of the program, in the order of their rows. */
  readonly all: readonly Name[];
  readonly asked: readonly Name[];
  readonly run: (bench: Name) => Promise<BenchOutcome>;
  readonly size: number;
  /** Whether what is measured is what the targets are for, so that it belongs into the README. */
  readonly full: boolean;
  /** The README with the table, from the repository's root. */
  readonly readme: string;
  /** Where the results are kept as JSON. */
  readonly results: string;
  readonly machine: Machine;
  readonly say: (text: string) => void;
}

/**
 * Runs the benches that were asked for, prints their rows, keeps each result as JSON, and writes the README's
 * table where they ran in full. A missed target is a result and no failure.
 */
export async function runBenchSet<Name extends string>(set: BenchSet<Name>): Promise<void> {
  const { all, asked, run, size, full, results, machine, say } = set;
  say(machineLine(machine));
  const revision = await revisionOfTree();
  for (const bench of asked) {
    say(`\n${bench}`);
    const outcome = await run(bench);
    tell(outcome, say);
    writeResult(results, { bench, size, machine, revision, ...outcome });
  }
  if (full) {
    const readme = join(REPOSITORY, set.readme);
    const generator = benchSection(readme, readResults(results, all, size));
    writeFileSync(readme, generator.render(readFileSync(readme, 'utf8')));
  }
  say(`\nAll figures: ${results}`);
}

function tell({ rows }: BenchOutcome, say: (text: string) => void): void {
  for (const { what, target, measured, isMet } of rows) {
    const verdict = isMet === undefined ? '' : isMet ? ' (met)' : ' (missed)';
    say(`  ${what}: ${measured}${target === undefined ? '' : `; target ${target}${verdict}`}`);
  }
}

async function revisionOfTree(): Promise<string> {
  const git = (...args: string[]) => capture('git', ['-C', REPOSITORY, ...args], CAPTURE_TIMEOUT_MS);
  const { stdout: head } = await git('rev-parse', '--short', 'HEAD');
  const { stdout: changes } = await git('status', '--porcelain', '--untracked-files=no');
  return `${head.trim()}${changes === '' ? '' : '+'}`;
}
