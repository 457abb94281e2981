import { readFileSync } from 'node:fs';
import { ADMIN_OPTIONS } from '#apiserver/admin/config.ts';
import { API_SERVER_OPTIONS } from '#apiserver/config.ts';
import { PROBLEMS } from '#apiserver/http/problem-codes.ts';
import { MIGRATE_OPTIONS } from '#apiserver/migrate/config.ts';
import { KEPT_BENCHES as API_BENCHES } from '#hack/bench/apiserver/config.ts';
import { KEPT_BENCHES as CALL_BENCHES } from '#hack/bench/calls/config.ts';
import { KEPT_MEDIA_BENCHES, KEPT_VOICE_BENCHES } from '#hack/bench/conversation/config.ts';
import { KEPT_BENCHES as OPERATOR_BENCHES } from '#hack/bench/operator/config.ts';
import { benchSection } from '#hack/bench/results.ts';
import { markdownTable } from '#lib/config/config.ts';
import { operatorOptions } from '#operator/config.ts';
import { runtimeOptions } from '#runtime/config.ts';
import { crdYAML } from './crd-yaml.ts';
import { ENGINE_GOLDENS } from './engine-goldens.ts';
import { type Generator, section } from './generator.ts';
import { KINDS } from './kinds.ts';
import { referencePage } from './reference-page.ts';

/** Everything that `make update` writes and `make verify` compares. A room adds its files here. */
export const GENERATORS: readonly Generator[] = [
  ...KINDS.map((kind) => ({
    path: `crds/generated/${kind.resource.plural}.yaml`,
    render: () => crdYAML(kind),
  })),
  ...ENGINE_GOLDENS,
  { path: 'crds/generated/reference.md', render: () => referencePage(KINDS) },
  section('apiserver/README.md', 'problems', problemTable),
  section('apiserver/README.md', 'settings', () => markdownTable(API_SERVER_OPTIONS)),
  section('apiserver/README.md', 'admin settings', () => markdownTable(ADMIN_OPTIONS)),
  section('apiserver/README.md', 'migrate settings', () => markdownTable(MIGRATE_OPTIONS)),
  section('operator/README.md', 'settings', () => markdownTable(operatorOptions)),
  section('operator/engine/README.md', 'example', engineExample),
  section('runtime/README.md', 'settings', () => markdownTable(runtimeOptions)),
  benchSection(OPERATOR_BENCHES),
  benchSection(API_BENCHES),
  benchSection(CALL_BENCHES),
  benchSection(KEPT_MEDIA_BENCHES),
  benchSection(KEPT_VOICE_BENCHES),
];

function problemTable(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) => `| ${status} | \`${code}\` | ${title} |`,
  );
  return ['| status | code | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The example that a test runs, from its names on. */
function engineExample(): string {
  const source = readFileSync(new URL('../../operator/engine/example/greeter.ts', import.meta.url), 'utf8');
  return ['```ts', source.slice(source.indexOf('const NAMES')).trimEnd(), '```'].join('\n');
}
