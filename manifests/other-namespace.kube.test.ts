import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { testCluster } from '#hack/testing/cluster.ts';

const MANIFESTS = fileURLToPath(new URL('.', import.meta.url));
const OVERLAY = join(MANIFESTS, 'overlays/other-namespace');
const COMPONENTS = ['components/apiserver'];

/** Texts that show the name as an example are not changed with it. */
const isDescription = (line: string) => /Default: [a-z-]+'$|http:\/\/gpu-stt-default\./.test(line);

test.each([
  ['the base', []],
  ['the base with all components', COMPONENTS],
] as const)(
  'the overlay puts the other name wherever %s has its own, and changes nothing else',
  async (_what, components) => {
    const overlay = parse(readFileSync(join(OVERLAY, 'kustomization.yaml'), 'utf8')) as object;
    const base = await build({}, components);
    const other = await build(overlay, components);
    const renamed = base.map((line) => line.replaceAll('veralux-system', 'another-system'));
    expect(renamed.filter((line) => line.includes('another-system')).length).toBeGreaterThan(20);
    expect(other).toEqual(renamed);
  },
);

/** The lines that kustomize makes of a copy of an overlay that takes up these components. */
async function build(overlay: object, components: readonly string[]): Promise<readonly string[]> {
  const cluster = testCluster();
  const folder = mkdtempSync(join(cluster.directory, 'data', 'overlay-'));
  const path = (name: string) => relative(folder, join(MANIFESTS, name));
  const kustomization = { ...overlay, resources: [path('base')], components: components.map(path) };
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  const text = await cluster.kubectl('kustomize', folder);
  return text.split('\n').filter((line) => !isDescription(line));
}
