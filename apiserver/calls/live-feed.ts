import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
import { StreamSlots } from '../http/stream-slots.ts';
import { CALL_COLUMNS, type CallRow, summaryOf } from './list-calls.ts';

export interface LiveFeedOptions {
  /** As the app role. */
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The live calls of a tenant, by id, as JSON. */
type LiveCalls = ReadonlyMap<string, string>;

/** A tenant that somebody looks at. */
interface Watched {
  calls: LiveCalls;
  readonly wakers: Set<() => void>;
}

/** The ledger is in Postgres within a second; looking oftener would show nothing sooner. */
const PERIOD_MS = 1_000;
/** After Postgres was away. */
const RETRY_MS = 5_000;
/** Shorter than proxies wait for a byte. */
const HEARTBEAT_MS = 15_000;
/** No call lasts so long: one whose end was lost is not shown for ever. */
const LONGEST_CALL_MS = 24 * 60 * 60 * 1_000;
/** Of a tenant, the latest. */
const MAX_CALLS = 1_000;

/**
 * The calls that are going on, for whoever looks at them: each tenant that is looked at is read once a second, however
 * many look. A reader that is slow gets what has changed since its last look, and nothing piles up for it.
 */
export class LiveFeed implements Service {
  readonly name = 'live calls';
  readonly #options: LiveFeedOptions;
  readonly #watched = new Map<string, Watched>();
  /** Each costs little: of a tenant that is looked at, one read a second serves all. */
  readonly #slots = new StreamSlots({ total: 2_000, perTenant: 10 });
  readonly #ending = new AbortController();
  readonly #loop: Loop;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#step(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  /** Its readers come again, to another replica. */
  async drain(): Promise<void> {
    this.#ending.abort();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop.stop();
  }

  /**
   * Server-sent events until the signal: first `snapshot` with all live calls, then `call` for each that is new or has
   * changed, and `ended` with the id of each that is over. Throws ApiError `busy`, and DatabaseUnavailable.
   */
  events(tenantID: string, signal: AbortSignal): AsyncGenerator<string> {
    return this.#slots.hold(tenantID, this.#read(tenantID, AbortSignal.any([signal, this.#ending.signal])));
  }

  async *#read(tenantID: string, signal: AbortSignal): AsyncGenerator<string> {
    let wake = () => {};
    const waker = () => wake();
    const watched = this.#watched.get(tenantID) ?? { calls: new Map(), wakers: new Set() };
    this.#watched.set(tenantID, watched);
    watched.wakers.add(waker);
    signal.addEventListener('abort', waker);
    try {
      await this.#refresh(tenantID, watched);
      let sent = watched.calls;
      yield eventOf('snapshot', `{"calls":[${[...sent.values()].join(',')}]}`);
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const cancel = this.#options.clock.after(HEARTBEAT_MS, waker);
        if (watched.calls === sent && !signal.aborted) await woken;
        cancel();
        const { calls } = watched;
        yield eventsBetween(sent, calls) || HEARTBEAT;
        sent = calls;
      }
    } finally {
      signal.removeEventListener('abort', waker);
      watched.wakers.delete(waker);
      if (watched.wakers.size === 0) this.#watched.delete(tenantID);
    }
  }

  async #step(signal: AbortSignal): Promise<number> {
    // Those of now: one that is put last is not asked again in the same round.
    const all = [...this.#watched];
    for (const [tenantID, watched] of all) {
      if (signal.aborted) break;
      try {
        await this.#refresh(tenantID, watched);
      } catch (error) {
        this.#options.log.warn({ err: error, tenantID }, 'live calls could not be read');
        this.#askLast(tenantID, watched);
        if (isUnavailable(error)) return RETRY_MS;
      }
    }
    return PERIOD_MS;
  }

  /** One whose read fails or takes too long must not keep the others from theirs. */
  #askLast(tenantID: string, watched: Watched): void {
    if (this.#watched.get(tenantID) !== watched) return;
    this.#watched.delete(tenantID);
    this.#watched.set(tenantID, watched);
  }

  async #refresh(tenantID: string, watched: Watched): Promise<void> {
    const { database, clock } = this.#options;
    const since = new Date(clock.now() - LONGEST_CALL_MS);
    const { rows } = await database.withTenant(tenantID, (client) =>
      client.query<CallRow>(
        `SELECT ${CALL_COLUMNS} FROM calls c
          WHERE c.tenant_id = $1 AND c.ended_at IS NULL AND c.started_at > $2
          ORDER BY c.started_at DESC, c.call_id DESC LIMIT ${MAX_CALLS}`,
        [tenantID, since],
      ),
    );
    const calls = new Map(rows.map((row) => [row.call_id, JSON.stringify(summaryOf(row))]));
    if (eventsBetween(watched.calls, calls) === '') return;
    watched.calls = calls;
    for (const wake of watched.wakers) wake();
  }
}

const HEARTBEAT = ': nothing new\n\n';

function eventsBetween(before: LiveCalls, after: LiveCalls): string {
  const changed = [...after].filter(([id, call]) => before.get(id) !== call);
  const ended = [...before.keys()].filter((id) => !after.has(id));
  return [
    ...changed.map(([, call]) => eventOf('call', call)),
    ...ended.map((id) => eventOf('ended', JSON.stringify({ id }))),
  ].join('');
}

/** `data` is JSON, and so of one line. */
function eventOf(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}
