import { z } from 'zod';
import { type Principal, principalKey } from '../identity/principal.ts';
import type { Access, PrincipalOf } from './access.ts';
import { ApiError } from './api-error.ts';
import { type Once, onceFor } from './once.ts';
import { type OnceOutside, onceOutsideFor } from './once-outside.ts';
import { parseRequest, type RawRequest } from './parse-request.ts';
import type { ProblemCode } from './problem-codes.ts';
import type { StreamBody, StreamType } from './send-stream.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type Shape = z.ZodObject;
/** By status. One without a schema has no body (204). */
export type Replies = Readonly<
  Record<
    number,
    {
      readonly description: string;
      readonly schema?: z.ZodType | undefined;
      /** Of a reply that is streamed: an example by media type. */
      readonly media?: Readonly<Partial<Record<StreamType, string>>>;
    }
  >
>;

type BodyOf<Entry> = Entry extends { readonly schema: infer S extends z.ZodType }
  ? { readonly body: z.input<S> }
  : Entry extends { readonly media: object }
    ? { readonly stream: StreamBody; readonly body?: undefined }
    : { readonly body?: undefined };
/** A reply that says where what was made is, or will be. */
type LocationOf<Status> = Status extends 201 | 202
  ? { readonly location: string }
  : { readonly location?: undefined };
type ReplyOf<R extends Replies> = {
  [Status in keyof R & number]: { readonly status: Status; readonly etag?: string } & BodyOf<R[Status]> &
    LocationOf<Status>;
}[keyof R & number];

/** What a handler gets. */
export interface Input<A extends Access, P extends Shape, Q extends Shape, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  readonly principal: PrincipalOf<A>;
  /** The header If-Match of a route that is `conditional`, for `assertMatch`; else ''. */
  readonly ifMatch: string;
  readonly once: Once;
  /** For what is created outside of the database. */
  readonly onceOutside: OnceOutside;
  /** From where: an IPv4 address, or the /64 of an IPv6 one. */
  readonly network: string;
  /** Aborts when the client is gone, or may not have a streamed reply any more. */
  readonly signal: AbortSignal;
}

interface RouteSpec<
  A extends Access,
  P extends Shape,
  Q extends Shape,
  B extends z.ZodType,
  R extends Replies,
> {
  readonly method: Method;
  /** With parameters as in OpenAPI: `/api/admin/calls/{callID}`. */
  readonly path: string;
  readonly operationID: string;
  readonly summary: string;
  /** Who may call. */
  readonly access: A;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly replies: R;
  /** Whether it takes If-Match with the ETag of what is changed; without it the answer is 428. */
  readonly conditional?: boolean;
  /**
   * Whether it takes or mails a secret, which somebody could guess or have mailed again and again: few
   * requests are let through, by network, by the `email` of the body and by the account that calls.
   */
  readonly isGuarded?: boolean;
  /** Whether the `email` of the body is sent a mail. */
  readonly mailsAddress?: boolean;
  /** The codes of its own, besides those that every route of its kind has. */
  readonly problems?: readonly ProblemCode[];
  readonly handle: (input: Input<A, P, Q, B>) => Promise<ReplyOf<R>>;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly stream?: StreamBody;
  readonly location?: string | undefined;
  readonly etag?: string | undefined;
  /** Whether it is the reply to an earlier request with the same Idempotency-Key. */
  readonly replayed?: boolean;
}

/** A route as the router and OpenAPI need it: what it takes and answers, and one function. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly operationID: string;
  readonly summary: string;
  readonly access: Access;
  readonly params: Shape;
  readonly query: Shape;
  readonly body: z.ZodType | undefined;
  readonly replies: Replies;
  readonly conditional: boolean;
  readonly isGuarded: boolean;
  readonly mailsAddress: boolean;
  /** Whether it creates something, so that it takes an Idempotency-Key. */
  readonly creates: boolean;
  readonly problems: readonly ProblemCode[];
  /** Parses, handles and parses the reply. Throws ApiError for what the client did wrong. */
  readonly handle: (
    raw: RawRequest,
    principal: Principal | undefined,
    secrets: readonly string[],
  ) => Promise<Reply>;
}

/** Whether calling it is to change something. */
export function changes({ method }: Pick<Route, 'method'>): boolean {
  return method !== 'GET';
}

/** Whether staff in somebody else's tenant have to say why: for every change, and to see callers' words. */
export function needsReason(route: Pick<Route, 'method' | 'access'>): boolean {
  return route.access.to === 'Tenant' && (route.access.needsReason || changes(route));
}

const nothing = z.strictObject({});

/** Makes a route of its parts; the compiler holds the handler to the schemas. */
export function defineRoute<
  const A extends Access,
  const R extends Replies,
  P extends Shape = typeof nothing,
  Q extends Shape = typeof nothing,
  B extends z.ZodType = typeof nothing,
>(spec: RouteSpec<A, P, Q, B, R>): Route {
  const route = {
    method: spec.method,
    path: spec.path,
    operationID: spec.operationID,
    summary: spec.summary,
    access: spec.access,
    params: spec.params ?? nothing,
    query: spec.query ?? nothing,
    body: spec.body,
    replies: spec.replies,
    conditional: spec.conditional ?? false,
    isGuarded: spec.isGuarded ?? false,
    mailsAddress: spec.mailsAddress ?? false,
    creates: spec.method === 'POST' && (201 in spec.replies || 202 in spec.replies),
    problems: spec.problems ?? [],
  };
  return {
    ...route,
    handle: async (raw, principal, secrets) => {
      const input = parseRequest(route, raw);
      const { ifMatch } = input;
      if (route.conditional && ifMatch === '') throw new ApiError('precondition_required');
      const guard = guardOf(route, { principal, secrets, input });
      const reply: Reply = await spec.handle({
        ...input,
        // What `authorise` let through is of this type.
        principal: principal as PrincipalOf<A>,
        once: guard.once,
        onceOutside: guard.onceOutside,
      } as Input<A, P, Q, B>);
      guard.assertUsed(reply.status);
      const body = spec.replies[reply.status]?.schema?.parse(reply.body);
      return { ...reply, body, replayed: guard.wasReplayed() };
    },
  };
}

/** The `once` of a request, and the check that a handler which created something went through it. */
function guardOf(
  { operationID, creates }: Pick<Route, 'operationID' | 'creates'>,
  request: {
    readonly principal: Principal | undefined;
    readonly secrets: readonly string[];
    readonly input: ReturnType<typeof parseRequest>;
  },
): {
  readonly once: Once;
  readonly onceOutside: OnceOutside;
  assertUsed(status: number): void;
  wasReplayed(): boolean;
} {
  const { params, query, body, idempotencyKey } = request.input;
  let state: 'unused' | 'first' | 'replayed' = 'unused';
  const asked = {
    principal: principalKey(request.principal),
    operation: operationID,
    key: idempotencyKey,
    content: [params, query, body],
    secrets: request.secrets,
  };
  const noted = <T extends { readonly replayed: boolean }>({ replayed, ...created }: T) => {
    state = replayed ? 'replayed' : 'first';
    return created;
  };
  return {
    once: async (effect) => noted(await onceFor(asked)(effect)),
    onceOutside: async (effect) => noted(await onceOutsideFor(asked)(effect)),
    assertUsed: (status) => {
      if (creates && (status === 201 || status === 202) && state === 'unused') {
        throw new Error(`${operationID} created something without going through \`once\``);
      }
    },
    wasReplayed: () => state === 'replayed',
  };
}
