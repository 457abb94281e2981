import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TenantSpec, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { structuralSchema } from '#hack/generate/structural-schema.ts';
import { arbitrarySpec } from '#hack/testing/arbitrary-spec.ts';
import { changedFields, fieldsOf, ownedPart, readable } from './field-paths.ts';
import { type FieldShape, TENANT_SHAPE, unknownFields } from './field-shape.ts';
import { ownedFields, withOwnedFields } from './managed-fields.ts';

const specs = arbitrarySpec(structuralSchema(tenantSpecSchema)).filter(
  (spec) => tenantSpecSchema.safeParse(spec).success,
) as fc.Arbitrary<TenantSpec>;

const leaves = (spec: unknown) =>
  new Set(
    fieldsOf(TENANT_SHAPE, spec)
      .filter(({ isLeaf }) => isLeaf)
      .map(({ path }) => path),
  );

describe('the fields of a spec', () => {
  test.each([
    ['a single value', { plan: 'Free' }, { plan: 'Starter' }, ['plan']],
    [
      'an inner value',
      { assistant: { greeting: 'a' } },
      { assistant: { greeting: 'b' } },
      ['assistant.greeting'],
    ],
    [
      'an entry, known by its name',
      { tools: [{ name: 'x', url: 'a' }, { name: 'y' }] },
      { tools: [{ name: 'y' }, { name: 'x', url: 'b' }] },
      ['tools[x].url'],
    ],
    [
      'an entry that is gone, with all that it had',
      { tools: [{ name: 'x', url: 'a' }] },
      { tools: [] },
      ['tools[x]', 'tools[x].name', 'tools[x].url'],
    ],
    [
      'an entry known by two keys',
      { businessHours: { weekly: [{ day: 'Monday', opens: '09:00', closes: '12:00' }] } },
      { businessHours: { weekly: [{ day: 'Monday', opens: '09:00', closes: '13:00' }] } },
      ['businessHours.weekly[Monday 09:00].closes'],
    ],
    [
      'a value of a set',
      { callScreening: { blocked: ['+13125550142'] } },
      { callScreening: { blocked: ['+13125550143'] } },
      ['callScreening.blocked[+13125550142]', 'callScreening.blocked[+13125550143]'],
    ],
    [
      'nothing where only the order differs',
      { tools: [{ name: 'x' }, { name: 'y' }] },
      { tools: [{ name: 'y' }, { name: 'x' }] },
      [],
    ],
    ['a field of a newer release', { future: { a: 1 } }, { future: { a: 2 } }, ['future']],
  ])('are told apart by %s', (_what, before, after, changed) => {
    expect(changedFields(TENANT_SHAPE, before, after).map(readable)).toEqual(changed);
  });

  test('of which each is owned, make up the whole', () => {
    fc.assert(
      fc.property(specs, (spec) => {
        expect(ownedPart(TENANT_SHAPE, spec, leaves(spec))).toEqual(spec);
        expect(changedFields(TENANT_SHAPE, spec, spec)).toEqual([]);
      }),
    );
  });

  test('come out of managedFields as they were written into them', () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const owned = new Set(fieldsOf(TENANT_SHAPE, spec).map(({ path }) => path));
        const metadata = { 'f:metadata': { 'f:labels': {} } };
        const entry = withOwnedFields({ manager: 'x', fieldsV1: metadata }, owned);
        expect(ownedFields(JSON.parse(JSON.stringify(entry)) as typeof entry)).toEqual(owned);
        expect(withOwnedFields(entry, new Set()).fieldsV1).toEqual(metadata);
      }),
    );
  });

  test('a name is written without its control characters', () => {
    expect(readable('f:knowledge\nk:{"title":"a\\u0000b"}')).toBe('knowledge[ab]');
  });

  test('an entry of which only some fields are owned keeps its keys', () => {
    const spec = {
      tools: [
        { name: 'x', url: 'a', description: 'b' },
        { name: 'y', url: 'c' },
      ],
    };
    const owned = new Set(['f:tools\nk:{"name":"x"}\nf:url']);
    expect(ownedPart(TENANT_SHAPE, spec, owned)).toEqual({ tools: [{ name: 'x', url: 'a' }] });
  });
});

describe('the shape of a Tenant', () => {
  test('has each list as a set or as entries with keys', () => {
    const lists = (shape: FieldShape): FieldShape[] => {
      if (shape.kind === 'Object') return [...shape.fields.values()].flatMap(lists);
      return shape.kind === 'Entries' ? [shape, ...lists(shape.entry)] : [shape];
    };
    const found = lists(TENANT_SHAPE);
    expect(found.filter((shape) => shape.kind === 'Entries' && shape.keys.length === 0)).toEqual([]);
    expect(found.filter((shape) => shape.kind === 'Entries').length).toBeGreaterThan(10);
    expect(found.filter((shape) => shape.kind === 'Set').length).toBeGreaterThan(3);
  });

  test.each([
    ['at the top', { assistent: {} }, [['assistent']]],
    ['in an object', { assistant: { voice: { sped: '1.0' } } }, [['assistant', 'voice', 'sped']]],
    ['in an entry', { tools: [{}, { uri: 'x' }] }, [['tools', 1, 'uri']]],
  ])('knows what it does not know %s', (_where, value, places) => {
    expect(unknownFields(TENANT_SHAPE, value)).toEqual(places);
  });
});
