import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { section } from '#hack/generate/generator.ts';
import type { BenchOutcome, BenchRow } from './bench-outcome.ts';
import { type Machine, machineLine } from './machine.ts';

/** What one bench measured, as its JSON file holds it. */
export interface BenchResult extends BenchOutcome {
  readonly bench: string;
  /** How much was there while it ran: so many Tenants, or calls. */
  readonly size: number;
  readonly machine: Machine;
  /** The commit that was measured, with a `+` where files differed from it. */
  readonly revision: string;
}

export function writeResult(folder: string, result: BenchResult): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${result.bench}-${result.size}.json`);
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
}

/** The results of these benches at this size, in their order; those that have none are left out. */
export function readResults(
  folder: string,
  benches: readonly string[],
  size: number,
): readonly BenchResult[] {
  const files = new Set(readdirSync(folder));
  return benches
    .map((bench) => `${bench}-${size}.json`)
    .filter((file) => files.has(file))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as BenchResult);
}

/** The section `bench` of a README: the rows of all benches and the machines they ran on. */
export function benchSection(path: string, results: readonly BenchResult[]) {
  return section(path, 'bench', () => markdownOf(results));
}

function markdownOf(results: readonly BenchResult[]): string {
  const rows = results.flatMap((result) => result.rows).map(rowOf);
  const machines = [...new Set(results.map(({ machine }) => machineLine(machine)))];
  return ['| what | target | measured |', '|---|---|---|', ...rows, '', ...machines].join('\n');
}

function rowOf({ what, target = '', measured, isMet }: BenchRow): string {
  return `| ${what} | ${target} | ${measured}${isMet === false ? ' (missed)' : ''} |`;
}
