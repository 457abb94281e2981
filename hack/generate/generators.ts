import { crdYAML } from './crd-yaml.ts';
import type { Generator } from './generator.ts';
import { KINDS } from './kinds.ts';
import { referencePage } from './reference-page.ts';

/** Everything that `make update` writes and `make verify` compares. A room adds its files here. */
export const GENERATORS: readonly Generator[] = [
  ...KINDS.map((kind) => ({
    path: `crds/generated/${kind.resource.plural}.yaml`,
    render: () => crdYAML(kind),
  })),
  { path: 'crds/generated/reference.md', render: () => referencePage(KINDS) },
];
