import { createHmac } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { ApiError } from '../http/api-error.ts';

/** Caps of a UTC day. */
export interface SignupLimits {
  /** Made, all together. */
  readonly perDay: number;
  /** Tried from one network. */
  readonly perNetwork: number;
  /** Tried for one e-mail address, which would tell whether it has an account. */
  readonly perAddress: number;
}

export interface SignupGateDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly limits: SignupLimits;
  /** Keys what is counted by: networks and addresses of people are not stored. */
  readonly secret: string;
}

/** The name under which all that were made in a day are counted. */
const MADE = 'made';

/** Lets a day's sign-ups through up to its caps, and none while signup is switched off. */
export class SignupGate {
  readonly #deps: SignupGateDeps;

  constructor(deps: SignupGateDeps) {
    this.#deps = deps;
  }

  /** Counts a try, whatever becomes of it. Throws ApiError `signup_closed`, `signup_limit_reached`. */
  async enter(network: string, email: string): Promise<void> {
    const { database, limits } = this.#deps;
    const sources = [this.#sourceOf('network', network), this.#sourceOf('email', email)];
    const [state] = await database.query<{ is_open: boolean; made: number }>(
      `SELECT COALESCE((SELECT is_on FROM platform_switches WHERE name = 'signup'), true) AS is_open,
              COALESCE((SELECT count FROM signup_counts WHERE day = $1 AND source = $2), 0) AS made`,
      [this.#day(), MADE],
    );
    if (state?.is_open === false)
      throw new ApiError('signup_closed', 'Signup is switched off at the moment.');
    const [fromNetwork, forAddress] = await this.#count(sources);
    if ((state?.made ?? 0) >= limits.perDay) throw this.#limitReached();
    if (fromNetwork > limits.perNetwork || forAddress > limits.perAddress) throw this.#limitReached();
  }

  /** Counts one that was made, in its own transaction. Throws ApiError `signup_limit_reached`. */
  async countMade(client: PoolClient): Promise<void> {
    const { rows } = await client.query<{ count: number }>(COUNT_ONE, [this.#day(), MADE]);
    if ((rows[0]?.count ?? 0) > this.#deps.limits.perDay) throw this.#limitReached();
  }

  async #count(sources: readonly string[]): Promise<[number, number]> {
    return this.#deps.database.transaction(async (client) => {
      const counts: number[] = [];
      // In one order, so that two of them never lock the same rows crosswise.
      for (const source of sources.toSorted()) {
        const { rows } = await client.query<{ source: string; count: number }>(COUNT_ONE, [
          this.#day(),
          source,
        ]);
        counts[sources.indexOf(source)] = rows[0]?.count ?? 0;
      }
      await client.query('DELETE FROM signup_counts WHERE day < $1::date - 1', [this.#day()]);
      return [counts[0] ?? 0, counts[1] ?? 0];
    });
  }

  #sourceOf(kind: 'network' | 'email', text: string): string {
    return createHmac('sha256', `signup:${this.#deps.secret}`).update(`${kind}:${text}`).digest('base64url');
  }

  #day(): string {
    return new Date(this.#deps.clock.now()).toISOString().slice(0, 10);
  }

  #limitReached(): ApiError {
    const now = this.#deps.clock.now();
    const endOfDayMs = Date.parse(this.#day()) + 24 * 60 * 60 * 1_000;
    return new ApiError('signup_limit_reached', undefined, {
      retryAfterSeconds: Math.ceil((endOfDayMs - now) / 1_000),
    });
  }
}

const COUNT_ONE = `
  INSERT INTO signup_counts AS c (day, source, count) VALUES ($1, $2, 1)
  ON CONFLICT (day, source) DO UPDATE SET count = c.count + 1 RETURNING source, count`;
