import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from '#hack/local/capture.ts';
import type { BenchOutcome } from './bench-outcome.ts';
import { type Machine, machineLine } from './machine.ts';
import { benchSection, type KeptBenches, REPOSITORY, writeResult } from './results.ts';

const CAPTURE_TIMEOUT_MS = 20_000;

export interface BenchSet<Name extends string> {
  readonly asked: readonly Name[];
  readonly run: (bench: Name) => Promise<BenchOutcome>;
  readonly size: number;
  /** Where the results belong that were measured in full, at the size that the targets are for. */
  readonly kept: KeptBenches;
  /** The folder for all others. */
  readonly tries: string;
  readonly machine: Machine;
  readonly say: (text: string) => void;
}

/**
 * Runs the benches that were asked for, prints their rows and writes each result as JSON; in full, into the
 * repository and its README's table. A missed target is a result and no failure.
 */
export async function runBenchSet<Name extends string>(set: BenchSet<Name>): Promise<void> {
  const { asked, run, size, kept, tries, machine, say } = set;
  const isFull = size === kept.size;
  const results = isFull ? join(REPOSITORY, kept.folder) : tries;
  say(machineLine(machine));
  const revision = await revisionOfTree();
  for (const bench of asked) {
    say(`\n${bench}`);
    const outcome = await run(bench);
    tell(outcome, say);
    writeResult(results, { bench, size, machine, revision, ...outcome });
  }
  if (isFull) {
    const readme = join(REPOSITORY, kept.readme);
    writeFileSync(readme, benchSection(kept).render(readFileSync(readme, 'utf8')));
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
