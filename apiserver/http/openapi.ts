import { z } from 'zod';
import { problemSchema } from './api-error.ts';
import { PROBLEMS, type ProblemCode } from './problem-codes.ts';
import type { Route } from './route.ts';

/** The OpenAPI 3.1 document of these routes. */
export function openAPIOf(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'VeraLux Receptionist',
      version: '1',
      description: 'People, tenants, calls, leads and usage. Every problem has a stable `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Where this document is served, the API is.
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

/** Every problem that a route can answer: its own, and those that all routes of its kind have. */
export function problemsOf(route: Route): readonly ProblemCode[] {
  const codes = new Set<ProblemCode>(route.problems);
  codes.add('invalid_request').add('malformed_url').add('internal_error').add('database_unavailable');
  if (route.audience !== 'Anybody') codes.add('not_authenticated');
  if (route.audience === 'Tenant') codes.add('no_tenant');
  if (route.body) codes.add('invalid_json').add('body_too_large').add('unsupported_media_type');
  return [...codes].sort();
}

function operationOf(route: Route): object {
  const responses: Record<string, object> = {};
  for (const [status, reply] of Object.entries(route.replies)) {
    responses[status] = {
      description: reply.description,
      content: { 'application/json': { schema: jsonSchema(reply.schema, 'output') } },
    };
  }
  for (const [status, codes] of Map.groupBy(problemsOf(route), (code) => PROBLEMS[code].status)) {
    // A status that also has a reply of its own (`/ready`) is described by that reply.
    responses[status] ??= {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return {
    operationId: route.operationID,
    summary: route.summary,
    security: route.audience === 'Anybody' ? [] : [{ accessToken: [] }],
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
          },
        }
      : {}),
    responses,
  };
}

function parametersOf(schema: z.ZodObject, place: 'path' | 'query'): readonly object[] {
  const { properties, required } = parametersSchema.parse(jsonSchema(schema, 'input'));
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

const parametersSchema = z.object({
  properties: z.record(z.string(), z.looseObject({})).default({}),
  required: z.array(z.string()).default([]),
});

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
