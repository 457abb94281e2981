import { z } from 'zod';
import { SCOPES } from '../identity/permissions.ts';
import { problemSchema } from './api-error.ts';
import { jsonSchema, problemExamples, withExample } from './openapi-schemas.ts';
import { idempotencyKeySchema } from './parse-request.ts';
import { PROBLEMS, type ProblemCode } from './problem-codes.ts';
import { needsReason, type Route } from './route.ts';

/** The OpenAPI 3.1 document of these routes, and of what is sent to people's servers. */
export function openAPIOf(routes: readonly Route[], webhooks: Readonly<Record<string, object>>): object {
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
    webhooks,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: Object.entries(SCOPES)
            .map(([scope, means]) => `\`${scope}\`: ${means}`)
            .join('\n\n'),
        },
      },
    },
  };
}

/** Every problem that a route can answer: its own, and those that all routes of its kind have. */
export function problemsOf(route: Route): readonly ProblemCode[] {
  const codes = new Set<ProblemCode>(route.problems);
  codes.add('invalid_request').add('malformed_url').add('internal_error').add('database_unavailable');
  const { access } = route;
  if (route.path.startsWith('/api/')) codes.add('rate_limited');
  if (access.to !== 'Anybody') {
    codes.add('not_authenticated').add('not_permitted').add('issuer_unavailable');
  }
  if (access.to === 'Tenant') codes.add('no_tenant').add('not_found');
  if (needsReason(route)) codes.add('reason_required');
  if (route.body) codes.add('invalid_json').add('body_too_large').add('unsupported_media_type');
  if (route.conditional) codes.add('precondition_required').add('precondition_failed');
  if (route.creates) codes.add('idempotency_in_flight').add('idempotency_key_reused');
  return [...codes].sort();
}

function operationOf(route: Route): object {
  return {
    operationId: route.operationID,
    summary: route.summary,
    description: accessSentence(route),
    tags: [tagOf(route)],
    security: securityOf(route),
    parameters: [
      ...parametersOf(route.params, 'path'),
      ...parametersOf(route.query, 'query'),
      ...headersOf(route),
    ],
    ...(route.body ? { requestBody: { required: true, content: withExample(route.body, 'input') } } : {}),
    responses: responsesOf(route),
  };
}

function responsesOf(route: Route): Record<string, object> {
  const responses: Record<string, object> = {};
  for (const [status, { description, schema, media }] of Object.entries(route.replies)) {
    const headers = replyHeaders(route, Number(status));
    responses[status] = {
      description,
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(schema ? { content: withExample(schema, 'output') } : {}),
      ...(media ? { content: streamContent(media) } : {}),
    };
  }
  for (const [status, codes] of Map.groupBy(problemsOf(route), (code) => PROBLEMS[code].status)) {
    // A status that also has a reply of its own (`/ready`) is described by that reply.
    responses[status] ??= {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: problemExamples(codes),
        },
      },
    };
  }
  return responses;
}

function streamContent(media: NonNullable<Route['replies'][number]['media']>): Record<string, object> {
  const schema = { type: 'string' };
  return Object.fromEntries(Object.entries(media).map(([type, example]) => [type, { schema, example }]));
}

/** Who may call, in words. */
function accessSentence({ access }: Route): string {
  if (access.to === 'Anybody') return 'Anybody may call this.';
  if (access.to === 'Person') return 'For a signed-in person.';
  if (access.to === 'Staff') return 'For staff of the platform.';
  const keys = access.scope === undefined ? '' : `, or an API key with the scope \`${access.scope}\``;
  return `For a person who is ${access.role} or more in the tenant${keys}.`;
}

/** `/api/auth/login` → auth, `/api/admin/calls/{callID}` → calls, `/health` → operations. */
function tagOf({ path }: Route): string {
  const [, first, area, resource] = path.split('/');
  if (first !== 'api') return 'operations';
  return area === 'admin' ? (resource ?? 'admin') : (area ?? 'api');
}

function securityOf({ access }: Route): readonly object[] {
  if (access.to === 'Anybody') return [];
  const takesKeys = access.to === 'Tenant' && access.scope !== undefined;
  return takesKeys ? [{ accessToken: [] }, { apiKey: [] }] : [{ accessToken: [] }];
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

function headersOf({ access, creates, conditional }: Route): readonly object[] {
  const header = (name: string, required: boolean, schema: z.ZodType) => ({
    name,
    in: 'header',
    required,
    schema: jsonSchema(schema, 'input'),
  });
  return [
    ...(creates ? [header('Idempotency-Key', false, idempotencyKeySchema)] : []),
    ...(conditional
      ? [header('If-Match', true, z.string().describe('The ETag of what was read, or `*`.'))]
      : []),
    ...(access.to === 'Tenant'
      ? [
          header('X-Veralux-Tenant', false, z.uuid().describe('Staff: the tenant to be in.')),
          header('X-Veralux-Reason', false, z.string().max(500).describe('Staff: why, for the record.')),
        ]
      : []),
  ];
}

function replyHeaders({ creates, conditional }: Route, status: number): Record<string, object> {
  const header = (description: string) => ({ description, schema: { type: 'string' } });
  return {
    ...(status === 201 || status === 202 ? { Location: header('Where it is, or will be.') } : {}),
    ...(creates ? { 'Idempotency-Replayed': header('`true`: the reply to an earlier request.') } : {}),
    ...(conditional ? { ETag: header('Of what is there now; for If-Match.') } : {}),
  };
}
