import { Counter, Gauge } from 'prom-client';
import { ALL_SHARDS, type Shard } from '#crds/projection/shard.ts';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { FIRST_STREAM_ID, isAfterStreamID } from '#lib/redis/stream-id.ts';
import { takeLease } from '../database/advisory-lease.ts';
import { ADVISORY_LOCKS } from '../database/advisory-locks.ts';
import type { Database } from '../database/database.ts';
import type { NotificationOutbox } from '../notifications/notification-outbox.ts';
import { publish, readEntries, readStates } from './ledger-streams.ts';
import type { NoteEvents } from './note-apart.ts';
import { seedCounters } from './seed-counters.ts';
import { type BatchResult, writeBatch } from './write-batch.ts';

export interface LedgerWriterOptions {
  /** A client of its own, for its reads block; its command timeout is above READ_BLOCK_MS. */
  readonly redis: Redis;
  /** As the worker role, and the same as a URL for the lease's own connection. */
  readonly database: Database;
  readonly databaseURL: string;
  readonly outbox: Pick<NotificationOutbox, 'noteLedger' | 'wake'>;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often a quiet writer looks whether Redis has lost its streams. */
const CHECK_PERIOD_MS = 2_000;
const RETRY = { initialMs: 100, maxMs: 5_000 };

/** How far the shards are: in Postgres, and where the next read goes on. */
interface Progress {
  readonly committed: Map<Shard, string>;
  readonly positions: Map<Shard, string>;
  /** Which server each stream was on. */
  readonly servers: ReadonlyMap<Shard, string>;
}

/**
 * Takes the call ledger from Redis to Postgres, one replica at a time. Any error ends the turn: the
 * lease is given back and everything is read anew, which costs nothing because writing an event
 * twice changes nothing.
 *
 *   lease → cursors from Postgres → compare with the streams → (read → commit → publish and trim) …
 */
export class LedgerWriter implements Service {
  readonly name = 'ledger writer';
  readonly #options: LedgerWriterOptions;
  readonly #events: Counter;
  readonly #rejects: Counter;
  readonly #unnoted: Counter;
  readonly #active: Gauge;
  readonly #loop: Loop;
  #failures = 0;

  constructor(options: LedgerWriterOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#turn(signal) });
    const registers = [options.registry];
    this.#events = new Counter({
      name: 'veralux_ledger_events_total',
      help: 'Events read from the call ledger, by kind and what became of them.',
      labelNames: ['kind', 'verdict'],
      registers,
    });
    this.#rejects = new Counter({
      name: 'veralux_ledger_rejects_total',
      help: 'Ledger entries set aside in ledger_rejects. Contradiction: an event came twice with different content.',
      labelNames: ['reason'],
      registers,
    });
    this.#unnoted = new Counter({
      name: 'veralux_ledger_unnoted_total',
      help: 'How often a tenant could not be told of what a batch of the ledger holds. The ledger itself was written.',
      registers,
    });
    this.#active = new Gauge({
      name: 'veralux_ledger_writer_active',
      help: '1 while this replica is the one that writes the ledger.',
      registers,
    });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Writes until it is stopped or cannot go on, and says when it is to begin anew. */
  async #turn(signal: AbortSignal): Promise<number | undefined> {
    try {
      await this.#writeWhileLeading(signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      const delayMs = backoffMs(this.#failures, RETRY);
      this.#failures += 1;
      const { log } = this.#options;
      log.warn({ err: error, delayMs }, 'writing the call ledger was interrupted and will go on');
      return delayMs;
    }
  }

  async #writeWhileLeading(signal: AbortSignal): Promise<void> {
    const { databaseURL, clock, log } = this.#options;
    const lease = await takeLease({ url: databaseURL, key: ADVISORY_LOCKS.ledger, clock, log, signal });
    this.#active.set(1);
    try {
      let progress = await this.#begin(new Map());
      let checkedAtMs = clock.monotonic();
      while (!signal.aborted) {
        lease.lost.throwIfAborted();
        const isWhole = await this.#step(progress);
        this.#failures = 0;
        if (isWhole && clock.monotonic() - checkedAtMs < CHECK_PERIOD_MS) continue;
        progress = await this.#begin(progress.servers);
        checkedAtMs = clock.monotonic();
      }
    } finally {
      this.#active.set(0);
      await lease.release();
    }
  }

  /**
   * Reads the cursors and compares them with the streams. A stream that ends before its cursor has
   * been lost and begun anew; one on another server than `before`, or on one that is not known yet, may
   * have got entries under ids below the cursor. Both are read from the first entry, and what is known
   * already changes nothing. What was committed but not yet told (the writer died in between) is told
   * now, and so are the figures of months that Redis does not know.
   */
  async #begin(before: ReadonlyMap<Shard, string>): Promise<Progress> {
    const { database, redis, log } = this.#options;
    const rows = await database.query<{ shard: Shard; last_id: string }>(
      'SELECT shard, last_id FROM ledger_cursors',
    );
    const committed = new Map(rows.map((row) => [row.shard, row.last_id]));
    const positions = new Map<Shard, string>();
    const states = await readStates(redis);
    for (const [shard, { server, lastID }] of states) {
      const cursor = committed.get(shard) ?? FIRST_STREAM_ID;
      const isWhole = before.get(shard) === server && !isAfterStreamID(cursor, lastID);
      positions.set(shard, isWhole ? cursor : FIRST_STREAM_ID);
      if (!isWhole) log.debug({ shard, cursor }, 'a stream is read from its first entry');
      else if (cursor !== FIRST_STREAM_ID) await this.#publish(shard, cursor, server);
    }
    const unread = ALL_SHARDS.length - states.size;
    if (unread > 0) log.warn({ unread }, 'the ledger of some shards cannot be read now');
    await seedCounters(redis, database, committed);
    const servers = new Map(Array.from(states, ([shard, { server }]) => [shard, server]));
    return { committed, positions, servers };
  }

  /** One read and one commit. False when Redis turned out to have lost entries meanwhile, or a shard's server. */
  async #step({ committed, positions, servers }: Progress): Promise<boolean> {
    const { database, redis, clock, outbox } = this.#options;
    const { entries, isWhole } = await readEntries(redis, positions, clock);
    if (entries.length === 0) return isWhole;
    const note: NoteEvents = (client, events) => outbox.noteLedger(client, events);
    this.#count(await writeBatch(database, entries, committed, note));
    outbox.wake();
    const moved = new Map(entries.map((entry) => [entry.shard, entry.streamID]));
    let isTold = true;
    for (const [shard, streamID] of moved) {
      positions.set(shard, streamID);
      if (!(await this.#publish(shard, streamID, servers.get(shard) ?? ''))) isTold = false;
    }
    return isWhole && isTold;
  }

  /** False also where the shard's server is away: it is told when it can be. */
  async #publish(shard: Shard, committedID: string, server: string): Promise<boolean> {
    try {
      return await publish(this.#options.redis, shard, committedID, server);
    } catch (error) {
      this.#options.log.debug({ err: error, shard }, 'a shard could not be told how far its ledger is');
      return false;
    }
  }

  #count({ verdicts, rejected, unnoted }: BatchResult): void {
    for (const labels of verdicts) this.#events.inc(labels);
    for (const { reason, shard, streamID, detail } of rejected) {
      this.#rejects.inc({ reason });
      this.#options.log.error(
        { reason, shard, streamID, pii: { detail } },
        'a ledger entry was set aside in ledger_rejects',
      );
    }
    this.#unnoted.inc(unnoted.length);
    for (const { tenantID, error } of unnoted) {
      this.#options.log.error({ err: error, tenantID }, 'a tenant is not told of what the ledger holds');
    }
  }
}
