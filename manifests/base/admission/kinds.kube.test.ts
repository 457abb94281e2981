import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { externalRuntimeSpec } from '#hack/testing/operator-bench.ts';
import { PolicedCluster, refusalOf, type User } from '#hack/testing/policed-cluster.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import { NAMESPACES, type Resource } from '#lib/kube/resource.ts';

const OPTIONS = { fieldManager: 'test' };
const API_VERSION = 'veralux.io/v1alpha1';
const SPECS: readonly (readonly [resource: Resource, ref: ObjectRef, spec: object])[] = [
  [TENANT, { name: 'acme' }, { displayName: 'Acme', plan: 'Free' }],
  [PHONE_NUMBER, { namespace: 'tenant-acme', name: 'main' }, { number: '+13125550142' }],
  [VOICE_RUNTIME, { namespace: 'veralux-system', name: 'main' }, externalRuntimeSpec('main')],
];

let cluster: PolicedCluster;
beforeAll(async () => {
  cluster = await PolicedCluster.start();
  const labels = { 'veralux.io/tenant': 'acme' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tenant-acme', labels } };
  await cluster.as('operator').create(NAMESPACES, namespace);
  for (const [resource, ref, spec] of SPECS) await make(resource, ref, { spec });
});
afterAll(() => cluster.stop());

async function make(
  resource: Resource,
  ref: ObjectRef,
  fields: object,
  metadata: object = {},
): Promise<void> {
  const object = {
    apiVersion: API_VERSION,
    kind: resource.kind,
    metadata: { ...ref, ...metadata },
    ...fields,
  };
  await cluster.as('person').create<KubeObject>(resource, object);
}

function change(
  user: User,
  resource: Resource,
  ref: ObjectRef,
  metadata: object,
): Promise<string | undefined> {
  return refusalOf(cluster.as(user).mergePatch(resource, ref, { metadata }, OPTIONS));
}

describe.each(SPECS)('%o', (resource, ref, spec) => {
  test('has its status written by the operator alone', async () => {
    const write = (user: User) =>
      refusalOf(cluster.as(user).patchStatus(resource, ref, { conditions: [] }, OPTIONS));
    const words = `The status of the ${resource.kind} ${ref.name} is written by veralux-operator alone.`;
    expect(await write('person')).toContain(words);
    expect(await write('apiserver')).toContain(words);
    expect(await write('operator')).toBeUndefined();
  });

  test.each([
    ['veralux.io/tenant', 'operator', 'apiserver', 'veralux-operator has cleaned up'],
    ['veralux.io/phone-number', 'operator', 'apiserver', 'veralux-operator has cleaned up'],
    ['veralux.io/data', 'apiserver', 'operator', 'veralux-apiserver has recorded what becomes of its data'],
  ] as const)('keeps %s until the %s removes it', async (finalizer, remover, other, words) => {
    const held = { finalizers: ['example.com/theirs', finalizer] };
    const freed = { finalizers: ['example.com/theirs'] };
    expect(await change('operator', resource, ref, held)).toBeUndefined();
    expect(await change('person', resource, ref, freed)).toContain(words);
    expect(await change('person', resource, ref, { finalizers: null })).toContain(words);
    expect(await change(other, resource, ref, freed)).toContain(words);
    expect(await change('person', resource, ref, { finalizers: [finalizer] })).toBeUndefined();
    expect(await change(remover, resource, ref, { finalizers: null })).toBeUndefined();
  });

  test('is let go by people who annotated it in a request before', async () => {
    const doomed = { ...ref, name: 'doomed' };
    const finalizers = ['veralux.io/tenant', 'veralux.io/data'];
    await make(resource, doomed, { spec }, { finalizers });
    const annotations = { 'veralux.io/allow-finalizer-removal': 'true' };
    const both = { annotations, finalizers: null };
    expect(await change('person', resource, doomed, both)).toContain('veralux.io/tenant, veralux.io/data');
    expect(await change('person', resource, doomed, { annotations })).toBeUndefined();
    await cluster.as('person').delete(resource, doomed);
    expect(await change('person', resource, doomed, { finalizers: null })).toBeUndefined();
    expect(await cluster.as('person').get(resource, doomed)).toBeUndefined();
  });

  test('with a misspelled annotation of ours is refused, and the known ones are named', async () => {
    const words = `Nothing acts on veralux.io/pause on a ${resource.kind}. Known are veralux.io/paused`;
    const annotations = { 'veralux.io/pause': 'true' };
    expect(await change('person', resource, ref, { annotations })).toContain(words);
    expect(await refusalOf(make(resource, { ...ref, name: 'new' }, { spec }, { annotations }))).toContain(
      words,
    );
  });

  test('is paused by "true", and not by what looks like it', async () => {
    const paused = (value: string | null) =>
      change('person', resource, ref, { annotations: { 'veralux.io/paused': value } });
    expect(await paused('yes')).toContain('veralux.io/paused is "true" or "false"');
    for (const value of ['true', 'false', null]) expect(await paused(value)).toBeUndefined();
  });

  test('bears any annotation of others', async () => {
    expect(await change('person', resource, ref, { annotations: { 'example.com/x': '' } })).toBeUndefined();
  });

  test('with a wrong annotation that is there already can still be changed', async () => {
    const annotations = { 'veralux.io/old': 'true' };
    expect(await change('operator', resource, ref, { annotations })).toBeUndefined();
    expect(await change('person', resource, ref, { labels: { a: 'b' } })).toBeUndefined();
  });
});

describe.each(SPECS)('what only some kinds know: %o', (resource, ref) => {
  const isTenant = resource === TENANT;
  const rotates = resource !== PHONE_NUMBER;
  const set = (name: string, value: string) =>
    change('person', resource, ref, { annotations: { [`veralux.io/${name}`]: value } });

  test(`veralux.io/adopt-data ${isTenant ? 'is' : 'is not'} known`, async () => {
    expect((await set('adopt-data', 'true')) === undefined).toBe(isTenant);
    expect(await set('adopt-data', 'maybe')).toContain(
      isTenant ? 'is "true" or "false"' : 'Nothing acts on veralux.io/adopt-data',
    );
  });

  test(`veralux.io/rotate-secrets ${rotates ? 'is' : 'is not'} known`, async () => {
    expect((await set('rotate-secrets', '2026-11-23T10:00:00Z')) === undefined).toBe(rotates);
    expect(await set('rotate-secrets', 'now please')).toContain(
      rotates ? 'such as today' : 'Nothing acts on veralux.io/rotate-secrets',
    );
  });
});
