import { sample } from 'openapi-sampler';
import { z } from 'zod';
import { ApiError, problemOf } from './api-error.ts';
import { PROBLEMS, type ProblemCode } from './problem-codes.ts';

/** The JSON Schema (2020-12) of what is sent or answered. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}

/** The content of a JSON body with an example: made of the schema's own examples, formats and bounds. */
export function withExample(schema: z.ZodType, io: 'input' | 'output'): object {
  const json = jsonSchema(schema, io);
  return { 'application/json': { schema: json, example: sample(json) } };
}

/** A reply for each of these problems, by its code. */
export function problemExamples(codes: readonly ProblemCode[]): Record<string, object> {
  return Object.fromEntries(
    codes.map((code) => {
      const fields = code === 'invalid_request' ? [{ path: 'query.limit', message: 'is not a number' }] : [];
      const value = problemOf(new ApiError(code, undefined, { fields }), REQUEST_ID);
      return [code, { summary: PROBLEMS[code].title, value }];
    }),
  );
}

/** As one looks. */
const REQUEST_ID = '7d0f3a52-3c0e-4f0a-9a51-6a8f2f1c9f55';
