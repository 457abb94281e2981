import * as fc from 'fast-check';
import type { z } from 'zod';

type Schema = z.core.JSONSchema.BaseSchema;

export const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\0', '\ud800', '', '%00', "'; --"),
);
const anyValue = fc.oneof(anyText, fc.jsonValue(), fc.uuid());

/** What a JSON Schema takes, with one value in about twenty that is none of its: anything at all. */
export function arbitraryBody(schema: object): fc.Arbitrary<unknown> {
  return valueOf(schema as Schema);
}

function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 20, arbitrary: rightValue(schema) }, { weight: 1, arbitrary: anyValue });
}

function rightValue(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => valueOf(asSchema(choice))));
  if (schema.type === 'null') return fc.constant(null);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer' || schema.type === 'number') return rightNumber(schema);
  if (schema.type === 'string') return rightText(schema);
  if (schema.type === 'array') return rightList(schema);
  return schema.properties ? rightObject(schema) : fc.dictionary(fc.string(), anyValue, { maxKeys: 2 });
}

function rightNumber({ minimum = 0, maximum = 1_000 }: Schema): fc.Arbitrary<number> {
  return fc.integer({ min: Math.ceil(minimum), max: Math.floor(Math.max(minimum, Math.min(maximum, 1e9))) });
}

function rightText({ format, pattern, minLength = 0, maxLength = 40 }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress();
  if (format === 'uri') return fc.webUrl({ validSchemes: ['https'] });
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (pattern) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 40) });
}

function rightList({ items, minItems = 0, maxItems = 3 }: Schema): fc.Arbitrary<unknown[]> {
  const item = Array.isArray(items) ? items[0] : items;
  return fc.array(valueOf(asSchema(item ?? {})), {
    minLength: minItems,
    maxLength: Math.max(minItems, Math.min(maxItems, 3)),
  });
}

function rightObject({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, field]) => [name, valueOf(asSchema(field))] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: required });
}

/** `true` takes everything; `false`, nothing, is not what a body of ours says. */
function asSchema(schema: z.core.JSONSchema._JSONSchema): Schema {
  return typeof schema === 'boolean' ? {} : schema;
}
