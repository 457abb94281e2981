import { Client } from 'pg';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import { DatabaseUnavailable } from './database-error.ts';

/** The connection that held a lease broke, so another server may hold it now. */
export class LeaseLost extends OperatingError {
  constructor(cause: unknown) {
    super('lease_lost', `The lease was lost: ${messageOf(cause)}`, { retryable: true, cause });
  }
}

export interface Lease {
  /** Aborts with a LeaseLost when the connection breaks. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly url: string;
  /** A constant that names the lease. */
  readonly key: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** How often a server that waits asks for the lease. */
const ASK_PERIOD_MS = 500;

/**
 * Waits until this server is the one that holds the lease: an advisory lock of Postgres, which ends
 * with the connection, also by kill -9. Throws DatabaseUnavailable, or the signal's reason.
 */
export async function takeLease(options: LeaseOptions): Promise<Lease> {
  const lost = new AbortController();
  const client = new Client({
    connectionString: options.url,
    application_name: 'veralux-lease',
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  });
  client.on('error', (error) => lost.abort(new LeaseLost(error)));
  client.on('end', () => lost.abort(new LeaseLost('the connection ended')));
  try {
    await client.connect();
    for (;;) {
      const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
        options.key,
      ]);
      if (rows[0]?.taken) return { lost: lost.signal, release: () => client.end() };
      await options.clock.sleep(ASK_PERIOD_MS, options.signal);
    }
  } catch (error) {
    await client.end().catch((endError: unknown) => {
      options.log.debug({ err: endError }, 'a connection was broken already when it was ended');
    });
    throw options.signal.aborted ? error : new DatabaseUnavailable(error);
  }
}
