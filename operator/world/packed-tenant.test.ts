import { expect, test } from 'vitest';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { PackedTenant } from './packed-tenant.ts';
import type { RawTenant } from './raw-objects.ts';

function tenant(name: string, generation: number, greeting: string): RawTenant {
  return {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: { name, uid: `uid of ${name}`, generation },
    spec: { displayName: name, assistant: { greeting }, recording: {}, transcripts: {} },
    status: { phoneNumbers: 1 },
  };
}

test('a Tenant comes out of the cache as it went in, also after many others', () => {
  const live = Array.from({ length: 200 }, (_, index) => tenant(`t${index}`, 1, `Grüß Gott ${index} ☎`));
  const kept = live.map((one) => new PackedTenant(one));
  for (const [index, one] of kept.entries()) {
    const { apiVersion, kind, metadata, spec, status } = one;
    expect({ apiVersion, kind, metadata, spec, status }).toEqual(live[index]);
  }
  expect(tenantSchema.safeParse(kept[3]).data?.spec.assistant.greeting).toBe('Grüß Gott 3 ☎');
});

test('a spec is packed anew only when its generation or its object is another', () => {
  const first = new PackedTenant(tenant('a', 1, 'Hello'));
  // The API server never sends another spec under the same generation: this shows which one was taken.
  const same = new PackedTenant(tenant('a', 1, 'Never seen'), first);
  expect(same.spec).toEqual(first.spec);
  expect(new PackedTenant(tenant('a', 2, 'Changed'), same).spec).toMatchObject({
    assistant: { greeting: 'Changed' },
  });
  const again = { ...tenant('a', 1, 'Made anew'), metadata: { name: 'a', uid: 'other', generation: 1 } };
  expect(new PackedTenant(again, same).spec).toMatchObject({ assistant: { greeting: 'Made anew' } });
});

test('a Tenant without a spec has none', () => {
  const { spec: _none, ...bare } = tenant('a', 1, '');
  expect(new PackedTenant(bare).spec).toBeUndefined();
});
