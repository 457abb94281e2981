import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';

/** Postgres is away, starting, ending or out of connections: the same attempt may succeed later. */
export class DatabaseUnavailable extends OperatingError {
  constructor(cause: unknown) {
    super('database_unavailable', `Postgres cannot be used: ${messageOf(cause)}`, { retryable: true, cause });
  }
}

/** The SQLSTATE of an error that Postgres answered (five characters), else undefined. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The name of the constraint that a write broke, else undefined. */
export function brokenConstraintOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('constraint' in error)) return undefined;
  return typeof error.constraint === 'string' ? error.constraint : undefined;
}

/**
 * Whether the server itself refused or ended the work rather than the statement being wrong: class 08
 * (connection), 53 (resources), 57P (shutdown), 40 (serialisation, deadlock), 25006 (a read-only
 * standby after a failover), and 57014 (the statement's time was up). Errors without a SQLSTATE come
 * from the socket.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  const state = sqlStateOf(error);
  if (state !== undefined) return /^(08|53|57P|40)|^25006$|^57014$/.test(state);
  return isSocketError(error);
}

function isSocketError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return [
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
  ].includes(error.code);
}
