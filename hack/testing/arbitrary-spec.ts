import * as fc from 'fast-check';
import type { StructuralSchema } from '#hack/generate/structural-schema.ts';

/**
 * Specs as people and mistakes make them, from a structural schema: mostly right in each field, with
 * one value in about fifty out of bounds, of the wrong form or of the wrong type.
 */
export function arbitrarySpec(schema: StructuralSchema): fc.Arbitrary<unknown> {
  return mostly(rightValue(schema), wrongValue(schema));
}

function mostly(right: fc.Arbitrary<unknown>, wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 60, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

/** One of each form that our patterns know, and some near misses. */
const SAMPLES = [
  'lead-capture',
  'a',
  'Lead Capture',
  'book_it',
  '+13125550142',
  '312-555-0142',
  '6f1d3c1e-8b0a-4f55-9d7e-2a4f6b8c0d1e',
  '6F1D3C1E-8B0A-4F55-9D7E-2A4F6B8C0D1E',
  'UTC',
  'America/Chicago',
  'Chicago ',
  'en-US',
  'english',
  'US',
  'us',
  'office@example.com',
  'office@',
  'https://a.example/x?y=z',
  'http://10.0.0.1:80',
  'wss://a.example',
  'ws://[::1]:9',
  'ftp://a.example',
  'https://a b',
  '00:00',
  '09:30',
  '24:00',
  '24:01',
  '9:30',
  '2027-12-25',
  '2027-13-25',
  '0.5',
  '1.0',
  '2.01',
  '312',
  'ns/sa',
];

function rightValue(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema['x-kubernetes-int-or-string']) {
    return schema.pattern
      ? fc.constantFrom<unknown>(0, 2, '500m', '1.5', '16Gi')
      : fc.constantFrom<unknown>(0, 1, 1_000_000_000, 'Unlimited');
  }
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer') return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 0 });
  if (schema.type === 'string') return rightText(schema);
  if (schema.items) {
    return fc.array(arbitrarySpec(schema.items), { maxLength: Math.min(3, schema.maxItems ?? 0) });
  }
  if (schema.additionalProperties) {
    const keys = fc.constantFrom('cpu', 'memory', 'a.example/b');
    return fc.dictionary(keys, arbitrarySpec(schema.additionalProperties));
  }
  return record(schema);
}

function record(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const [present, absent] = required.has(name) ? [80, 1] : [1, 2];
    const value = fc.oneof(
      { weight: present, arbitrary: arbitrarySpec(field) },
      { weight: absent, arbitrary: fc.constant(undefined) },
    );
    return [name, value] as const;
  });
  // What is undefined is absent in JSON; the round trip makes it absent here too.
  return fc.record(Object.fromEntries(fields)).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
}

function rightText(schema: StructuralSchema): fc.Arbitrary<string> {
  const patterns = (schema['x-kubernetes-validations'] ?? []).flatMap(
    ({ rule }) => /^self\.matches\(r'(.*)'\)$/.exec(rule)?.[1] ?? [],
  );
  const fitting = SAMPLES.filter(
    (sample) =>
      sample.length <= (schema.maxLength ?? 0) &&
      patterns.every((pattern) => new RegExp(pattern).test(sample)),
  );
  return patterns.length > 0
    ? fc.constantFrom(...fitting)
    : fc.constantFrom('Anna', 'B c', '{company}', 'Ünïcode ☎', '');
}

function wrongValue(schema: StructuralSchema): fc.Arbitrary<unknown> {
  const outside: unknown[] = ['Other', '', 1, -1, true, [], {}, [1], 1.5, ...SAMPLES];
  if (schema.maxLength !== undefined)
    outside.push('x'.repeat(schema.maxLength + 1), 'x'.repeat(schema.maxLength));
  if (schema.minimum !== undefined) outside.push(schema.minimum - 1);
  if (schema.maximum !== undefined) outside.push(schema.maximum + 1);
  return fc.constantFrom(...outside);
}
