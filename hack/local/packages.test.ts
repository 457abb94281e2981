import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingPackages } from './packages.ts';

describe('the packages of the operating system', () => {
  test('are missing where the PATH has none of their programs', () => {
    expect(missingPackages('/nonexistent')).toEqual(
      expect.arrayContaining(['redis-server', 'flite', 'pocketsphinx']),
    );
  });

  test.each(['pocketsphinx', 'pocketsphinx_continuous'])(
    'count by any name of their program: %s',
    (program) => {
      const folder = mkdtempSync(join(tmpdir(), 'veralux-path-'));
      writeFileSync(join(folder, program), '');
      expect(missingPackages(`/nonexistent:${folder}`)).not.toContain('pocketsphinx');
      rmSync(folder, { recursive: true });
    },
  );
});
