import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { PolicedCluster } from '#hack/testing/policed-cluster.ts';

const FOLDER = import.meta.dirname;

interface Policy {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly failurePolicy?: string;
    readonly policyName?: string;
    readonly validationActions?: readonly string[];
    readonly validations?: readonly { readonly expression: string; readonly message?: string }[];
  };
}

const files = globSync('*.yaml', { cwd: FOLDER }).filter((file) => file !== 'kustomization.yaml');
const shipped = files.map((file) => {
  const [policy, binding] = parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map(
    (document) => document.toJS() as Policy,
  );
  return { file, policy, binding };
});

describe.each(shipped)('the policy of $file', ({ file, policy, binding }) => {
  test('is named after its file, refuses in doubt, and is bound to deny and to leave a mark in the audit log', () => {
    expect(policy?.metadata.name).toBe(`veralux-${file.replace('.yaml', '')}`);
    expect(policy?.spec.failurePolicy).toBe('Fail');
    expect(binding).toMatchObject({
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: policy?.metadata.name, validationActions: ['Deny', 'Audit'] },
    });
  });

  test('says in words why it refuses', () => {
    for (const { message } of policy?.spec.validations ?? []) expect(message).toMatch(/ .*\.$/s);
  });
});

interface TypeChecked {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly typeChecking?: { readonly expressionWarnings?: readonly { readonly warning: string }[] };
  };
}

describe('the types in the policies’ expressions', () => {
  let cluster: PolicedCluster;
  beforeAll(async () => {
    cluster = await PolicedCluster.start();
  });
  afterAll(() => cluster.stop());

  /** What the controller-manager finds wrong with a policy under another name, once it knows our kinds. */
  async function warningsOf(policy: Policy | undefined): Promise<readonly string[]> {
    const name = `checked-${policy?.metadata.name}`;
    const copy = { ...policy, metadata: { name } };
    await cluster.kubectlWithInput(JSON.stringify(copy), 'apply', '--server-side', '--filename=-');
    const read = async () =>
      JSON.parse(
        await cluster.kubectl('get', 'validatingadmissionpolicy', name, '--output=json'),
      ) as TypeChecked;
    await expect.poll(async () => (await read()).status?.observedGeneration, { timeout: 15_000 }).toBe(1);
    const checked = (await read()).status?.typeChecking?.expressionWarnings ?? [];
    return checked.map(({ warning }) => warning);
  }

  test.each(shipped)('are right in $file', async ({ policy }) => {
    expect(await warningsOf(policy)).toEqual([]);
  });

  test('are looked at: a field that a Tenant does not have is noticed', async () => {
    const annotations = shipped.find(({ file }) => file === 'annotations.yaml')?.policy;

    const wrong: Policy = {
      kind: 'ValidatingAdmissionPolicy',
      ...annotations,
      metadata: { name: 'wrong' },
      spec: { ...annotations?.spec, validations: [{ expression: 'object.spec.displayNames == ""' }] },
    };
    expect((await warningsOf(wrong)).join()).toContain("undefined field 'displayNames'");
  });
});
