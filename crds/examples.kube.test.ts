import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { Admission, type Manifest } from '#hack/testing/admission.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { PHONE_NUMBER, phoneNumberSchema } from './phone-number/phone-number.ts';
import { TENANT, tenantSchema } from './tenant/tenant.ts';
import { VOICE_RUNTIME, voiceRuntimeSchema } from './voice-runtime/voice-runtime.ts';

const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url));
const SCHEMAS = { Tenant: tenantSchema, PhoneNumber: phoneNumberSchema, VoiceRuntime: voiceRuntimeSchema };
const RESOURCES = { Tenant: TENANT, PhoneNumber: PHONE_NUMBER, VoiceRuntime: VOICE_RUNTIME };
type Kind = keyof typeof SCHEMAS;

/** Every object of our kinds in every example. */
const examples = globSync('**/*.yaml', { cwd: EXAMPLES }).flatMap((file) =>
  parseAllDocuments(readFileSync(join(EXAMPLES, file), 'utf8'))
    .map((document) => document.toJS() as Manifest)
    .filter(({ kind }) => kind in SCHEMAS)
    // Where an example leaves the namespace to the command line, this is the one.
    .map((manifest) => ({ ...manifest, metadata: { namespace: 'default', ...manifest.metadata } }))
    .map((manifest) => ({ file, name: manifest.metadata.name, kind: manifest.kind as Kind, manifest })),
);

describe('the examples', () => {
  let admission: Admission;

  beforeAll(async () => {
    admission = new Admission();
    const cluster = testCluster();
    const namespaces = examples.flatMap(({ manifest }) => manifest.metadata.namespace ?? []);
    for (const name of new Set(namespaces)) {
      const namespace = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      await cluster.kubectlWithInput(namespace, 'apply', '--server-side', '-f', '-');
    }
  });

  afterAll(() => admission.client.close());

  test('there are some of each kind', () => {
    expect(new Set(examples.map(({ kind }) => kind))).toEqual(new Set(Object.keys(SCHEMAS)));
  });

  test.each(examples)(
    '$file: $kind $name is accepted and gets the defaults that our programs know',
    async ({ kind, manifest }) => {
      const verdict = await admission.ofManifest(RESOURCES[kind], manifest);
      if (!verdict.accepted) throw new Error(verdict.message);
      expect(verdict.object.spec).toEqual(SCHEMAS[kind].parse(manifest).spec);
    },
  );

  test.each(examples)(
    '$file: $kind $name can be applied with kubectl, and again without a change',
    async ({ manifest }) => {
      const cluster = testCluster();
      // Under a name of its own: other tests share this cluster.
      const copy = { ...manifest, metadata: { ...manifest.metadata, name: `try-${manifest.metadata.name}` } };
      const input = JSON.stringify(copy);
      expect(await cluster.kubectlWithInput(input, 'apply', '-f', '-')).toContain('created');
      const applied = await cluster.kubectlWithInput(input, 'apply', '-f', '-', '-o', 'json');
      expect((JSON.parse(applied) as { metadata: { generation: number } }).metadata.generation).toBe(1);
      await cluster.kubectlWithInput(input, 'delete', '--wait=false', '-f', '-');
    },
  );
});
