import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withRules } from '#crds/schema/rule.ts';
import { limit } from '#crds/schema/scalars.ts';
import { structuralSchema } from './structural-schema.ts';

describe('the structural schema', () => {
  test.each<[string, z.ZodType, string]>([
    ['a string without a maximum', z.object({ a: z.string() }), 'schema.a: string without a maximum'],
    ['a list without a maximum', z.object({ a: z.array(z.boolean()) }), 'schema.a: array without a maximum'],
    ['a number that is not whole', z.object({ a: z.number().min(0).max(1) }), 'no floating-point numbers'],
    ['a union', z.object({ a: z.union([z.boolean(), z.literal('x')]) }), 'Kubernetes refuses anyOf'],
  ])('refuses %s', (_what, schema, words) => {
    expect(() => structuralSchema(schema)).toThrow(words);
  });

  test('has defaults and bounds, and asks only for what has no default', () => {
    const schema = z.object({ a: z.string().max(9).default('b'), c: z.boolean() });
    expect(structuralSchema(schema)).toEqual({
      type: 'object',
      required: ['c'],
      properties: { a: { type: 'string', default: 'b', maxLength: 9 }, c: { type: 'boolean' } },
    });
  });

  test('writes a limit as int-or-string with a rule in place of a union', () => {
    expect(structuralSchema(limit())).toMatchObject({ 'x-kubernetes-int-or-string': true });
    expect(structuralSchema(limit())).not.toHaveProperty('anyOf');
  });

  test('keeps the rules of a schema that is ruled twice, and its description', () => {
    const once = withRules(z.boolean(), [{ cel: 'self', message: 'one' }]).describe('What it is.');
    const twice = withRules(once, [{ cel: 'self', message: 'two' }]);
    expect(structuralSchema(twice)).toEqual({
      description: 'What it is.',
      type: 'boolean',
      'x-kubernetes-validations': [
        { rule: 'self', message: 'one' },
        { rule: 'self', message: 'two' },
      ],
    });
  });
});
