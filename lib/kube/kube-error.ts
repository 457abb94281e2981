import { z } from 'zod';
import { OperatingError } from '#lib/errors/operating-error.ts';

/** The part of a metav1.Status that errors are made of. */
const statusSchema = z.object({
  kind: z.literal('Status'),
  message: z.string().default(''),
  reason: z.string().default('Unknown'),
  code: z.number().int().default(0),
  details: z
    .object({
      name: z.string().optional(),
      retryAfterSeconds: z.number().optional(),
      causes: z
        .array(
          z.object({
            reason: z.string().default(''),
            message: z.string().default(''),
            field: z.string().default(''),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** HTTP statuses after which the same request may succeed: credentials are read again after 401. */
const RETRYABLE = new Set([401, 408, 429, 500, 502, 503, 504]);

/** One of the things that were wrong. */
export interface KubeCause {
  /** Such as `NamespaceTerminating`, `FieldValueInvalid` or `FieldManagerConflict`. */
  readonly reason: string;
  readonly message: string;
  /** From the object on, such as `spec.tools[0].url`, or `.spec.assistant.greeting`; empty where none is named. */
  readonly field: string;
}

export interface KubeErrorOptions {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly retryable?: boolean;
  /** What was wrong in particular: each invalid field, or each field that another manager owns. */
  readonly causes?: readonly KubeCause[];
  readonly cause?: unknown;
}

/**
 * A request to the API server that failed. `status` is HTTP's, 0 when no reply came; `reason` is the
 * API server's word (`NotFound`, `Conflict`, `AlreadyExists`, `Invalid`, `Forbidden`, `Expired` …), or
 * `Unreachable`, `Timeout`, `WatchInactive` where there was none.
 */
export class KubeError extends OperatingError {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly KubeCause[];

  constructor(options: KubeErrorOptions) {
    super(`kube_${snakeCase(options.reason)}`, options.message, {
      retryable: options.retryable ?? (options.status === 0 || RETRYABLE.has(options.status)),
      cause: options.cause,
    });
    this.status = options.status;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
    this.causes = options.causes ?? [];
  }
}

/** Whether the API server refused a request with one of these words. */
export function hasReason(error: unknown, ...reasons: readonly string[]): boolean {
  return error instanceof KubeError && reasons.includes(error.reason);
}

/** Whether the object was changed, or its fields are owned, by somebody else: read again, then retry. */
export function isConflict(error: unknown): boolean {
  return hasReason(error, 'Conflict');
}

/** Whether a list or watch can't go on from its resourceVersion: 410 in the header or in the stream. */
export function isExpired(error: unknown): boolean {
  return hasReason(error, 'Expired', 'Gone') || (error instanceof KubeError && error.status === 410);
}

/** Makes the error of a reply's body: a metav1.Status, or whatever a proxy in between wrote. */
export function kubeErrorOf(status: number, body: unknown, retryAfterHeader?: string): KubeError {
  const parsed = statusSchema.safeParse(body);
  if (!parsed.success) {
    return new KubeError({
      status,
      reason: status === 404 ? 'UnknownPath' : 'Unknown',
      message: `The API server answered ${status} without a Status object.`,
      retryAfterMs: retryAfterMsOf(retryAfterHeader),
    });
  }
  const { message, reason, code, details } = parsed.data;
  return new KubeError({
    status: code || status,
    reason,
    message,
    retryAfterMs:
      retryAfterMsOf(retryAfterHeader) ??
      (details?.retryAfterSeconds === undefined ? undefined : details.retryAfterSeconds * 1_000),
    causes: details?.causes ?? [],
  });
}

/** The API server sends whole seconds; the HTTP-date form is not used by it. */
function retryAfterMsOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header === undefined || !Number.isFinite(seconds) || seconds < 0 ? undefined : seconds * 1_000;
}

function snakeCase(reason: string): string {
  return reason.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();
}
