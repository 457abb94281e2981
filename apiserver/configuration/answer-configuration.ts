import { ApiError } from '../http/api-error.ts';
import type { ProblemCode } from '../http/problem-codes.ts';
import {
  ClusterUnavailable,
  InvalidConfiguration,
  ManagedElsewhere,
  TenantNotReady,
  WriteContended,
} from './configuration-error.ts';

/** What routes that write a configuration answer besides what all routes do. */
export const WRITE_PROBLEMS = [
  'managed_elsewhere',
  'cluster_unavailable',
  'tenant_not_ready',
  'busy',
] as const satisfies readonly ProblemCode[];

/** What routes that only read one do. */
export const READ_PROBLEMS = [
  'cluster_unavailable',
  'tenant_not_ready',
] as const satisfies readonly ProblemCode[];

/**
 * Does the work and says what went wrong in the API's words. `place` makes the place in a request's body
 * of one in the spec, such as `tools.0.url`.
 */
export async function answering<T>(
  work: () => Promise<T>,
  place: (path: string) => string = (path) => path,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asApiError(error, place);
  }
}

function asApiError(error: unknown, place: (path: string) => string): unknown {
  if (error instanceof InvalidConfiguration) {
    const fields = error.fields.map(({ path, message }) => ({
      path: ['body', ...place(path).split('.')].filter(Boolean).join('.'),
      message,
    }));
    return new ApiError('invalid_request', undefined, { fields, cause: error });
  }
  if (error instanceof ManagedElsewhere) {
    const fields = error.conflicts.map(({ manager, field }) => ({
      path: field,
      message: `is managed by ${manager}`,
    }));
    return new ApiError('managed_elsewhere', error.message, { fields, cause: error });
  }
  const options = { retryAfterSeconds: 1, cause: error };
  if (error instanceof ClusterUnavailable) return new ApiError('cluster_unavailable', undefined, options);
  if (error instanceof TenantNotReady) return new ApiError('tenant_not_ready', undefined, options);
  if (error instanceof WriteContended) return new ApiError('busy', undefined, options);
  return error;
}
