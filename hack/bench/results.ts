import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Generator, section } from '#hack/generate/generator.ts';
import type { BenchOutcome, BenchRow } from './bench-outcome.ts';
import { type Machine, machineLine } from './machine.ts';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

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
  const files = new Set(existsSync(folder) ? readdirSync(folder) : []);
  return benches
    .map((bench) => `${bench}-${size}.json`)
    .filter((file) => files.has(file))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as BenchResult);
}

/** The benches of one program whose results in full are kept in the repository, and shown in its README. */
export interface KeptBenches {
  /** The program's README, from the repository's root; its section `bench` is the table. */
  readonly readme: string;
  /** The folder of the results, from the repository's root. */
  readonly folder: string;
  /** In the order of their rows. */
  readonly benches: readonly string[];
  readonly size: number;
}

/** The table of a README: the rows of all benches, the machines they ran on, and at which commits. */
export function benchSection({ readme, folder, benches, size }: KeptBenches): Generator {
  return section(readme, 'bench', () =>
    markdownOf(readResults(join(REPOSITORY, folder), benches, size), benches),
  );
}

function markdownOf(results: readonly BenchResult[], benches: readonly string[]): string {
  const rows = results.flatMap((result) => result.rows).map(rowOf);
  const machines = [...new Set(results.map(({ machine }) => machineLine(machine)))];
  const measured = results.map(({ bench, revision }) => `${bench} at ${revision}`).join(', ');
  const missing = benches.filter((name) => !results.some(({ bench }) => bench === name));
  return [
    ...(rows.length === 0 ? [] : ['| what | target | measured |', '|---|---|---|', ...rows, '']),
    ...machines,
    ...(measured === '' ? [] : [`Measured: ${measured}.`]),
    ...(missing.length === 0 ? [] : [`Not yet measured in full: ${missing.join(', ')}.`]),
  ].join('\n');
}

function rowOf({ what, target = '', measured, isMet }: BenchRow): string {
  return `| ${what} | ${target} | ${measured}${isMet === false ? ' (missed)' : ''} |`;
}
