import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type BenchResult, benchSection, REPOSITORY, writeResult } from './results.ts';

const folder = mkdtempSync(join(tmpdir(), 'results-'));
afterAll(() => rmSync(folder, { recursive: true }));

const machine = {
  cores: 2,
  cpu: 'A CPU',
  memoryGiB: 24,
  os: 'An OS',
  kernel: '6.1',
  node: 'v26',
  setting: 'Kubernetes v1.35, etcd without fsync',
};
const memory: BenchResult = {
  bench: 'memory',
  size: 10,
  machine,
  revision: 'abc',
  rows: [{ what: 'RSS', target: '≤ 250 MB', measured: '300 MB', isMet: false }],
  figures: {},
};

test('the table has the rows of all results of one size, says what was missed or not measured, and names machine and commit', () => {
  writeResult(folder, memory);
  writeResult(folder, { ...memory, bench: 'cold', rows: [{ what: 'cold', measured: '5 s' }] });
  writeResult(folder, { ...memory, bench: 'idle', size: 11 });
  const page = 'Before\n<!-- generated: bench -->\nold\n<!-- /generated -->\nAfter\n';
  const kept = {
    readme: 'README.md',
    folder: relative(REPOSITORY, folder),
    benches: ['cold', 'memory', 'idle'],
    size: 10,
  };
  const text = benchSection(kept).render(page);
  expect(text).toBe(`Before
<!-- generated: bench -->
| what | target | measured |
|---|---|---|
| cold |  | 5 s |
| RSS | ≤ 250 MB | 300 MB (missed) |

2 cores (A CPU), 24 GiB, An OS, Linux 6.1, Node.js v26; Kubernetes v1.35, etcd without fsync.
Measured: cold at abc, memory at abc.
Not yet measured in full: idle.
<!-- /generated -->
After
`);
});
