/**
 * The base of every error that operations can cause (a peer away, bad input, a full disk).
 * Programmers' errors are plain `Error`s or failed assertions and end the process.
 */
export class OperatingError extends Error {
  /** A stable word in snake_case, for programs to branch on. */
  readonly code: string;
  /** Whether the same attempt may succeed later, unchanged. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The message of anything that was thrown, for a log field or a status message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether `error` is an abort that we asked for: not a failure, never counted as one. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'AbortSignalError');
}
