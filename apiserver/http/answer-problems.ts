import type { ErrorRequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Logger } from '#lib/log/logger.ts';
import { DatabaseUnavailable } from '../database/database-error.ts';
import { HasherBusy } from '../identity/password-hasher.ts';
import { ApiError, problemOf } from './api-error.ts';
import { PROBLEMS, type ProblemCode } from './problem-codes.ts';

/** Answers whatever a route or the body parser threw as application/problem+json. */
export function answerProblems(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response: Response, next) => {
    if (response.headersSent) {
      // Too late for an answer: Express ends the connection, so that nobody takes half a reply for a whole one.
      next(error);
      return;
    }
    const requestID = String(response.locals.requestID);
    const problem = asApiError(error);
    const { status } = PROBLEMS[problem.code];
    if (problem.code === 'internal_error') {
      log.error(
        { err: error, requestID, route: response.locals.route },
        'a request failed by a fault of ours',
      );
    } else if (status >= 500) {
      log.warn({ err: error, requestID, route: response.locals.route }, 'a request could not be served');
    }
    if (problem.code === 'not_authenticated') response.set('WWW-Authenticate', 'Bearer');
    if (problem.retryAfterSeconds !== undefined)
      response.set('Retry-After', String(problem.retryAfterSeconds));
    response
      .status(status)
      .set('Cache-Control', 'no-store')
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(problem, requestID)));
  };
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DatabaseUnavailable) {
    return new ApiError('database_unavailable', undefined, { retryAfterSeconds: 1, cause: error });
  }
  if (error instanceof HasherBusy)
    return new ApiError('busy', undefined, { retryAfterSeconds: 2, cause: error });
  // Express's own, for a path that is no percent-encoding.
  if (error instanceof URIError) return new ApiError('malformed_url', undefined, { cause: error });
  const refusal = httpErrorSchema.safeParse(error);
  return refusal.success
    ? new ApiError(codeOf(refusal.data))
    : new ApiError('internal_error', undefined, { cause: error });
}

/** What Express and its body parser throw: a status below 500 says that the client is at fault. */
const httpErrorSchema = z.object({ status: z.number().min(400).max(499), type: z.string().optional() });

function codeOf({ status, type }: z.output<typeof httpErrorSchema>): ProblemCode {
  if (status === 413) return 'body_too_large';
  if (status === 415) return 'unsupported_media_type';
  // Without a type: what zlib says of a body that is not compressed as its header claims.
  return type === undefined || type === 'entity.parse.failed' ? 'invalid_json' : 'invalid_request';
}
