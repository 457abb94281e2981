import { z } from 'zod';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { PROBLEMS, type ProblemCode } from './problem-codes.ts';

/** One thing that is wrong with a request: where (`body.email`) and what. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** A refusal that the client is told of as application/problem+json. */
export class ApiError extends OperatingError {
  declare readonly code: ProblemCode;
  readonly fields: readonly FieldProblem[];
  /** Sent as Retry-After. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ProblemCode,
    detail?: string,
    options: { fields?: readonly FieldProblem[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(code, detail ?? PROBLEMS[code].title, {
      retryable: PROBLEMS[code].status === 503,
      cause: options.cause,
    });
    this.fields = options.fields ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The body of a problem reply (RFC 9457). */
export const problemSchema = z.strictObject({
  type: z.literal('about:blank'),
  status: z.number().int(),
  code: z.string().describe('A stable word to branch on.'),
  title: z.string().describe('The same sentence for every problem of this code.'),
  detail: z.string().optional().describe('What was wrong this time.'),
  requestID: z.string().describe('Also in the X-Request-Id header and in our log.'),
  errors: z
    .array(z.strictObject({ path: z.string(), message: z.string() }))
    .optional()
    .describe('Each field that is wrong.'),
});

export function problemOf(error: ApiError, requestID: string): z.output<typeof problemSchema> {
  const { status, title } = PROBLEMS[error.code];
  return {
    type: 'about:blank',
    status,
    code: error.code,
    title,
    ...(error.message === title ? {} : { detail: error.message }),
    requestID,
    ...(error.fields.length === 0 ? {} : { errors: [...error.fields] }),
  };
}
