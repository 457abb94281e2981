import { z } from 'zod';
import type { Principal } from '../identity/authenticate.ts';
import { ApiError, type FieldProblem } from './api-error.ts';
import type { ProblemCode } from './problem-codes.ts';

/** Who may call: anybody, a signed-in person, or a signed-in person whose session is in a tenant. */
export type Audience = 'Anybody' | 'Person' | 'Tenant';

type Shape = z.ZodObject;
type Replies = Readonly<Record<number, { readonly description: string; readonly schema: z.ZodType }>>;
type ReplyOf<R extends Replies> = {
  [Status in keyof R & number]: { readonly status: Status; readonly body: z.input<R[Status]['schema']> };
}[keyof R & number];

type PrincipalOf<A extends Audience> = A extends 'Anybody'
  ? undefined
  : A extends 'Person'
    ? Principal
    : Principal & { readonly tenant: NonNullable<Principal['tenant']> };

interface RouteSpec<
  A extends Audience,
  P extends Shape,
  Q extends Shape,
  B extends Shape,
  R extends Replies,
> {
  readonly method: 'GET' | 'POST';
  /** With parameters as in OpenAPI: `/api/admin/calls/{callID}`. */
  readonly path: string;
  readonly operationID: string;
  readonly summary: string;
  readonly audience: A;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly replies: R;
  /** The codes of its own, besides those that every route of its audience has. */
  readonly problems?: readonly ProblemCode[];
  readonly handle: (input: {
    readonly params: z.output<P>;
    readonly query: z.output<Q>;
    readonly body: z.output<B>;
    readonly principal: PrincipalOf<A>;
  }) => Promise<ReplyOf<R>>;
}

export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A route as the router and OpenAPI need it: what it takes and answers, and one function. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly operationID: string;
  readonly summary: string;
  readonly audience: Audience;
  readonly params: Shape;
  readonly query: Shape;
  readonly body: Shape | undefined;
  readonly replies: Replies;
  readonly problems: readonly ProblemCode[];
  /** Parses, handles and parses the reply. Throws ApiError for what the client did wrong. */
  readonly handle: (
    raw: RawRequest,
    principal: Principal | undefined,
  ) => Promise<{ status: number; body: unknown }>;
}

const nothing = z.strictObject({});

/** Makes a route of its parts; the compiler holds the handler to the schemas. */
export function defineRoute<
  A extends Audience,
  const R extends Replies,
  P extends Shape = typeof nothing,
  Q extends Shape = typeof nothing,
  B extends Shape = typeof nothing,
>(spec: RouteSpec<A, P, Q, B, R>): Route {
  const params: Shape = spec.params ?? nothing;
  const query: Shape = spec.query ?? nothing;
  return {
    method: spec.method,
    path: spec.path,
    operationID: spec.operationID,
    summary: spec.summary,
    audience: spec.audience,
    params,
    query,
    body: spec.body,
    replies: spec.replies,
    problems: spec.problems ?? [],
    handle: async (raw, principal) => {
      if (spec.audience === 'Tenant' && !principal?.tenant) throw new ApiError('no_tenant');
      const input = parseRequest({ params, query, body: spec.body }, raw);
      const reply = await spec.handle({ ...input, principal } as Parameters<typeof spec.handle>[0]);
      const { status } = reply;
      return { status, body: spec.replies[status]?.schema.parse(reply.body) };
    },
  };
}

/** Every part is parsed before anything is said, so that all problems are named at once. */
function parseRequest(
  schemas: { readonly params: Shape; readonly query: Shape; readonly body: Shape | undefined },
  raw: RawRequest,
): Record<'params' | 'query' | 'body', unknown> {
  const fields: FieldProblem[] = [];
  const parse = (part: 'params' | 'query' | 'body', schema: Shape | undefined): unknown => {
    if (!schema) return {};
    const result = schema.safeParse(raw[part]);
    if (result.success) return result.data;
    for (const issue of result.error.issues.slice(0, 20)) {
      fields.push({ path: [part, ...issue.path.map(String)].join('.'), message: issue.message });
    }
    return undefined;
  };
  const parsed = {
    params: parse('params', schemas.params),
    query: parse('query', schemas.query),
    body: parse('body', schemas.body),
  };
  if (fields.length > 0) throw new ApiError('invalid_request', undefined, { fields });
  return parsed;
}
