import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { PolicedCluster } from '#hack/testing/policed-cluster.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { collectionPath, NAMESPACES } from '#lib/kube/resource.ts';
import { PHONE_NUMBER, phoneNumberSchema } from './phone-number/phone-number.ts';
import { TENANT, tenantSchema } from './tenant/tenant.ts';
import { VOICE_RUNTIME, voiceRuntimeSchema } from './voice-runtime/voice-runtime.ts';

const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url));
const SCHEMAS = { Tenant: tenantSchema, PhoneNumber: phoneNumberSchema, VoiceRuntime: voiceRuntimeSchema };
const RESOURCES = { Tenant: TENANT, PhoneNumber: PHONE_NUMBER, VoiceRuntime: VOICE_RUNTIME };
type Kind = keyof typeof SCHEMAS;

type Example = KubeObject & { readonly spec: unknown };

/** Every object in every example. */
const examples = globSync('**/*.yaml', { cwd: EXAMPLES }).flatMap((file) =>
  parseAllDocuments(readFileSync(join(EXAMPLES, file), 'utf8'))
    .map((document) => document.toJS() as Example)
    // Where an example leaves the namespace to the command line, this is the one.
    .map((object) => ({ ...object, metadata: { namespace: 'tenant-given', ...object.metadata } }))
    .map((manifest) => ({ file, name: manifest.metadata.name, kind: manifest.kind, manifest })),
);
const ours = examples.flatMap((example) =>
  isOurs(example.kind) ? [{ ...example, kind: example.kind }] : [],
);

function isOurs(kind: string): kind is Kind {
  return kind in SCHEMAS;
}

describe('the examples, where all that is shipped is in force,', () => {
  let cluster: PolicedCluster;

  beforeAll(async () => {
    cluster = await PolicedCluster.start();
    // What the operator makes of Tenants.
    const namespaces = new Set(examples.flatMap(({ manifest }) => manifest.metadata.namespace ?? []));
    for (const name of [...namespaces].filter((one) => one.startsWith('tenant-'))) {
      const labels = { 'veralux.io/tenant': name.slice('tenant-'.length) };
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
      await cluster.as('operator').create(NAMESPACES, namespace);
    }
  });

  afterAll(() => cluster.stop());

  test('there are some of each kind', () => {
    expect(new Set(ours.map(({ kind }) => kind))).toEqual(new Set(Object.keys(SCHEMAS)));
  });

  test.each(ours)(
    '$file: $kind $name is accepted and gets the defaults that our programs know',
    async ({ kind, manifest }) => {
      const path = collectionPath(RESOURCES[kind], manifest.metadata.namespace);
      const stored = await cluster.as('person').post(`${path}?dryRun=All&fieldValidation=Strict`, manifest);
      expect((stored as Example).spec).toEqual(SCHEMAS[kind].parse(manifest).spec);
    },
  );

  test.each(examples)(
    '$file: $kind $name can be applied with kubectl, and again without a change',
    async ({ manifest }) => {
      const input = JSON.stringify(manifest);
      const apply = async () => {
        const output = await cluster.kubectlWithInput(input, 'apply', '-f', '-', '-o', 'json');
        const { metadata, ...rest } = JSON.parse(output) as Example;
        return { ...rest, generation: metadata.generation, uid: metadata.uid };
      };
      const applied = await apply();
      expect(await apply()).toEqual(applied);
      await cluster.kubectlWithInput(input, 'delete', '--wait=false', '-f', '-');
    },
  );
});
