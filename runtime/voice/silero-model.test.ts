import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SileroModel } from './silero-model.ts';

/** Loads and runs the model, and says how many threads the process had before and has after. */
const SCRIPT = `
  import { readdirSync } from 'node:fs';
  import { SileroModel } from ${JSON.stringify(new URL('silero-model.ts', import.meta.url).href)};
  const threads = () => readdirSync('/proc/self/task').length;
  const before = threads();
  const model = await SileroModel.load();
  const { probabilities } = await model.run(1, new Float32Array(288), new Float32Array(256));
  const after = threads();
  await model.release();
  process.stdout.write(JSON.stringify({ before, after, silent: probabilities[0] < 0.35 }));
  process.exit(0);
`;

test('the model starts no thread, leaves no file behind and so tells nobody of the process', () => {
  const home = mkdtempSync(join(tmpdir(), 'silero-'));
  try {
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
      encoding: 'utf8',
      env: { HOME: home, TMPDIR: home },
    });
    const { before, after, silent } = JSON.parse(output) as Record<string, unknown>;
    expect(silent).toBe(true);
    expect(after).toBe(before);
    expect(readdirSync(home)).toEqual([]);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('a run without rows, at which the library would end the process, is an error', async () => {
  const model = await SileroModel.load();
  await expect(model.run(0, new Float32Array(), new Float32Array())).rejects.toThrow(RangeError);
});
