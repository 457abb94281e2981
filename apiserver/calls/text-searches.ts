import type { Database } from '../database/database.ts';
import { DatabaseUnavailable, sqlStateOf } from '../database/database-error.ts';
import { ApiError } from '../http/api-error.ts';
import { StreamSlots } from '../http/stream-slots.ts';

/** What the pool of searches is made with: few connections of their own, and no statement of seconds. */
export const SEARCH_POOL = { maxConnections: 4, statementTimeoutMs: 3_000 } as const;

/** Postgres ended a statement whose time was up. */
const QUERY_CANCELED = '57014';

/**
 * Reads that look at every word of a time. They have a pool of their own, so that they can take no connection that
 * people are authenticated by, and a tenant has few at a time.
 */
export class TextSearches {
  /** As the app role, for searches alone. */
  readonly database: Database;
  readonly #slots = new StreamSlots({ total: 100, perTenant: 2 });

  constructor(database: Database) {
    this.database = database;
  }

  /** Throws ApiError `busy`, and `search_too_broad` where it took too long. */
  async run<T>(tenantID: string, search: (database: Database) => Promise<T>): Promise<T> {
    try {
      return await this.#slots.run(tenantID, () => search(this.database));
    } catch (error) {
      throw isTimeUp(error) ? new ApiError('search_too_broad', undefined, { cause: error }) : error;
    }
  }
}

function isTimeUp(error: unknown): boolean {
  return error instanceof DatabaseUnavailable && sqlStateOf(error.cause) === QUERY_CANCELED;
}
