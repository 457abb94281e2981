import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';

const folder = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Texts that show the name as an example are not changed with it. */
const isDescription = (line: string) => /Default: [a-z-]+'$|http:\/\/gpu-stt-default\./.test(line);

test('the overlay puts the other name wherever the base has its own, and changes nothing else', async () => {
  const cluster = testCluster();
  const [base, other] = await Promise.all(
    ['base', 'overlays/other-namespace'].map(async (name) => cluster.kubectl('kustomize', folder(name))),
  );
  const lines = (text = '') => text.split('\n').filter((line) => !isDescription(line));
  const renamed = lines(base).map((line) => line.replaceAll('veralux-system', 'another-system'));
  expect(renamed.filter((line) => line.includes('another-system')).length).toBeGreaterThan(20);
  expect(lines(other)).toEqual(renamed);
});
