import { escapeIdentifier, escapeLiteral, Pool, type PoolClient, type QueryResult } from 'pg';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import { DatabaseUnavailable, isUnavailable } from './database-error.ts';

export type { PoolClient };

export interface DatabaseOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly maxConnections: number;
  /** What takes longer is ended by Postgres; absent: `STATEMENT_TIMEOUT_MS`. */
  readonly statementTimeoutMs?: number;
  /** Who acts, asked as each transaction begins: the audit log has it from the setting `veralux.actor`. */
  readonly actor?: () => string | undefined;
  readonly log: Logger;
}

/**
 * A statement that each connection parses and plans once, for what every request asks. It names its columns:
 * after a migration that adds one, Postgres refuses what was prepared with `*`.
 */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/** All its statements see the rows of one moment. */
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** No statement of ours takes this long; one that does is ended by Postgres. */
const STATEMENT_TIMEOUT_MS = 10_000;
/**
 * Postgres with LLVM compiles what it takes for costly, anew for each statement within a function: an erasure took
 * ten seconds and not one.
 */
const WITHOUT_JIT = '-c jit=off';
/** How long a request waits for a free connection. */
const CONNECT_TIMEOUT_MS = 5_000;
/** How many may wait for one of the connections; a further one is refused at once. */
const MAX_WAITING_PER_CONNECTION = 50;

/**
 * A pool of connections as one role. Everything runs in a transaction; `withTenant` is the only way
 * to see a tenant's rows as the app role.
 */
export class Database {
  readonly #pool: Pool;
  readonly #maxWaiting: number;
  readonly #actor: () => string | undefined;
  /** What each connection has prepared for `readOneAsTenant`. */
  readonly #prepared = new WeakMap<PoolClient, Set<string>>();

  constructor(options: DatabaseOptions) {
    const { log, name: pool } = options;
    this.#actor = options.actor ?? (() => undefined);
    this.#maxWaiting = options.maxConnections * MAX_WAITING_PER_CONNECTION;
    this.#pool = new Pool({
      connectionString: options.url,
      application_name: options.name,
      max: options.maxConnections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 60_000,
      statement_timeout: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS + 5_000,
      options: WITHOUT_JIT,
      keepAlive: true,
    });
    // An idle connection that breaks is replaced by the pool; the event only has to have a listener.
    this.#pool.on('error', (error) => log.warn({ err: error, pool }, 'an idle connection to Postgres broke'));
    // So has that of a connection in use. Whoever uses it learns of the break by the next statement.
    this.#pool.on('connect', (client) =>
      client.on('error', (error) => log.debug({ err: error, pool }, 'a connection to Postgres broke')),
    );
  }

  /** Runs `work` in a transaction that commits when it resolves. Throws DatabaseUnavailable, or what `work` throws. */
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.#run({ begin: 'BEGIN' }, work);
  }

  #run<T>(
    { begin, tenantID }: { readonly begin: string; readonly tenantID?: string },
    work: (client: PoolClient) => Promise<T>,
  ): Promise<T> {
    const opening = beginWith(begin, { 'veralux.tenant_id': tenantID, 'veralux.actor': this.#actor() });
    return this.#lend(async (client) => {
      await client.query(opening);
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    });
  }

  /**
   * Lends a connection. Where something fails on it, it is rolled back, as a text of several statements may have begun a
   * transaction, too; or thrown away where it cannot even do that.
   */
  async #lend<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken: Error | undefined;
    try {
      return await work(client);
    } catch (error) {
      broken = await rollback(client);
      throw asThrown(error, broken);
    } finally {
      client.release(broken);
    }
  }

  /**
   * A transaction that sees and writes the rows of one tenant only. The setting is local to the
   * transaction, so the next borrower of the connection is nobody.
   */
  withTenant<T>(tenantID: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.#run({ begin: 'BEGIN', tenantID }, work);
  }

  /** As `withTenant`, for several reads that belong together: all see the rows of one moment. */
  readAsTenant<T>(tenantID: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    return this.#run({ begin: BEGIN_READING, tenantID }, work);
  }

  /**
   * As `readAsTenant`, for one statement that is asked often: the same begin, setting, statement and commit in one message,
   * which costs both sides half of what four do.
   */
  readOneAsTenant<Row extends object>(
    tenantID: string,
    { name, text }: PreparedStatement,
    values: readonly string[],
  ): Promise<Row[]> {
    const begin = beginWith(BEGIN_READING, { 'veralux.tenant_id': tenantID });
    const execute = `EXECUTE ${escapeIdentifier(name)}(${values.map(escapeLiteral).join(', ')})`;
    return this.#lend(async (client) => {
      await this.#prepare(client, { name, text });
      const answers: unknown = await client.query(`${begin}; ${execute}; COMMIT`);
      // Of several statements in a message pg has one result each, and a type for one alone.
      return (answers as readonly QueryResult<Row>[]).at(-2)?.rows ?? [];
    });
  }

  /** By a statement of SQL, as EXECUTE within a message of several needs it. */
  async #prepare(client: PoolClient, { name, text }: PreparedStatement): Promise<void> {
    const prepared = this.#prepared.get(client) ?? new Set();
    if (prepared.has(name)) return;
    await client.query(`PREPARE ${escapeIdentifier(name)} AS ${text}`);
    this.#prepared.set(client, prepared.add(name));
  }

  /** One statement in a transaction of its own. */
  async query<Row extends object>(
    statement: string | PreparedStatement,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const result = await this.execute<Row>(statement, values);
    return result.rows;
  }

  /** As `query`, with the whole of pg's answer: an array of results where the text holds several statements. */
  async execute<Row extends object>(
    statement: string | PreparedStatement,
    values: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> {
    const asked = {
      ...(typeof statement === 'string' ? { text: statement } : statement),
      values: [...values],
    };
    // The setting holds for a transaction only.
    if (this.#actor() !== undefined) return this.transaction((client) => client.query<Row>(asked));
    return this.#lend((client) => client.query<Row>(asked));
  }

  /** Connections open, idle and how many wait for one. */
  get counts(): { readonly total: number; readonly idle: number; readonly waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(): Promise<PoolClient> {
    if (this.#pool.waitingCount >= this.#maxWaiting) {
      throw new DatabaseUnavailable(new Error('too many requests wait for a connection already'));
    }
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw new DatabaseUnavailable(error);
    }
  }
}

/** Begins with settings of that transaction alone, in one message: every request begins so, and saves round trips. */
function beginWith(begin: string, settings: Readonly<Record<string, string | undefined>>): string {
  const calls = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [`set_config(${escapeLiteral(name)}, ${escapeLiteral(value)}, true)`],
  );
  return calls.length === 0 ? begin : `${begin}; SELECT ${calls.join(', ')}`;
}

/** What went wrong, as callers are told: a driver's error on a broken connection has no code to go by. */
function asThrown(error: unknown, broken: Error | undefined): unknown {
  if (error instanceof OperatingError) return error;
  return isUnavailable(error) || broken !== undefined ? new DatabaseUnavailable(error) : error;
}

/** Rolls back; the error of a connection that cannot even do that, so that it is thrown away. */
async function rollback(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
