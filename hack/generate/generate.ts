import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GENERATORS } from './generators.ts';

/**
 * Writes every generated file (`make update`), or with --verify says which differ from what is
 * checked in and exits 1 (`make verify`).
 */
const verify = process.argv.includes('--verify');
const root = fileURLToPath(new URL('../../', import.meta.url));
const differing: string[] = [];

for (const { path, render } of GENERATORS) {
  const file = `${root}${path}`;
  const current = await readOrEmpty(file);
  const wanted = render(current);
  if (wanted === current) continue;
  differing.push(path);
  if (verify) {
    console.error(`${path}: ${firstDifference(current, wanted)}`);
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, wanted);
    console.log(`wrote ${path}`);
  }
}
if (verify && differing.length > 0) {
  console.error(`${differing.length} generated file(s) are not up to date: run make update.`);
  process.exitCode = 1;
} else {
  console.log(`${GENERATORS.length} generated files are up to date.`);
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function firstDifference(current: string, wanted: string): string {
  if (current === '') return 'is missing';
  const [have, want] = [current.split('\n'), wanted.split('\n')];
  const line = want.findIndex((text, index) => text !== have[index]);
  const at = line < 0 ? want.length : line;
  return `differs from line ${at + 1} on\n  - ${have[at] ?? ''}\n  + ${want[at] ?? ''}`;
}
