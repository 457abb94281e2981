import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { crdYAML } from '#hack/generate/crd-yaml.ts';
import { KINDS } from '#hack/generate/kinds.ts';
import type { StructuralSchema } from '#hack/generate/structural-schema.ts';

/** Fewer words than these do not tell what a field is and what it does. */
const FEWEST_WORDS = 6;

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
}

function fieldsOf(schema: StructuralSchema, at: string): Field[] {
  const inside = schema.items ?? schema.additionalProperties;
  const own = Object.entries(schema.properties ?? {}).map(([name, field]) => ({
    path: `${at}.${name}`,
    schema: field,
  }));
  return [
    ...own,
    ...own.flatMap((field) => fieldsOf(field.schema, field.path)),
    ...(inside === undefined ? [] : fieldsOf(inside, at)),
  ];
}

interface Definition {
  readonly spec: {
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: StructuralSchema } }[];
  };
}

describe.each(KINDS)('kubectl explain of a $resource.kind', (kind) => {
  const { spec } = parse(crdYAML(kind)) as Definition;
  const fields = spec.versions
    .flatMap(({ schema: { openAPIV3Schema: schema } }) => [{ path: '', schema }, ...fieldsOf(schema, '')])
    // Kubernetes describes it.
    .filter(({ path }) => path !== '.metadata');

  test('says of each field what it is, in whole sentences', () => {
    const words = ({ schema }: Field) =>
      (schema.description ?? '').replace(/ Default: .*$/s, '').split(/\s+/);
    const terse = fields.filter((field) => words(field).length < FEWEST_WORDS);
    expect(terse.map(({ path, schema }) => `${path}: ${schema.description}`)).toEqual([]);
    const unended = fields.filter(({ schema }) => !/[.?!]"?( Default: .*)?$/s.test(schema.description ?? ''));
    expect(unended.map(({ path, schema }) => `${path}: ${schema.description}`)).toEqual([]);
  });

  test('says the default of each field that has one', () => {
    const hasOne = ({ schema }: Field) => schema.default !== undefined && typeof schema.default !== 'object';
    const silent = fields.filter(
      (field) => hasOne(field) && !field.schema.description?.includes('Default: '),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('says the unit of each duration in its name', () => {
    const durations = fields.filter(({ schema }) =>
      /^(After|For) how (many|long) /.test(schema.description ?? ''),
    );
    const unnamed = durations.filter(({ path }) => !/(Seconds|Days)$/.test(path));
    expect(unnamed.map(({ path }) => path)).toEqual([]);
  });

  test('and its columns say what they show', () => {
    for (const column of kind.columns) expect(column.description).toMatch(/^[A-Z].* .*\.$/s);
  });
});
