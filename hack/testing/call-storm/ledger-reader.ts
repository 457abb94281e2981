import { Redis } from 'ioredis';
import { isRejected, type LedgerEntry, parseEntry } from '#apiserver/ledger/stream-entry.ts';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS } from '#crds/projection/shard.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { StormLedger } from './storm-ledger.ts';

const READ_BLOCK_MS = 400;
const RETRY_MS = 100;
/** Some 50 events a call of the largest schedule. */
const MAX_ENTRIES = 100_000;
const MAX_REJECTED = 100;

export interface LedgerReaderOptions {
  /** Says how far it is, as the API server does. Else the pods hold all they have told for the case that Redis loses it. */
  readonly commits?: boolean;
}

/** Reads every shard's stream as it grows and keeps repeats, so that an oracle can tell them from contradictions. */
export class LedgerReader implements StormLedger {
  readonly #redis: Redis;
  readonly #commits: boolean;
  readonly #loop: Loop;
  /** Ids are times, so a stream that was lost goes on above them. */
  readonly #positions = new Map(
    ALL_SHARDS.map((shard) => [ledgerKeys.stream(shard), { shard, lastID: '0-0' }]),
  );
  /** The calls of schedules that are over: what Redis lost of them, the pods tell again. */
  readonly #forgotten = new Set<string>();
  #entries: LedgerEntry[] = [];
  #rejected: string[] = [];

  constructor(redisURL: string, { commits = false }: LedgerReaderOptions = {}) {
    this.#commits = commits;
    this.#redis = new Redis(redisURL, {
      maxRetriesPerRequest: 0,
      connectTimeout: 1_000,
      // A command that waits for a connection would wait for ever once the client is told to end.
      enableOfflineQueue: false,
    });
    // Storms take Redis away; the loop reads on when it is back.
    this.#redis.on('error', () => undefined);
    this.#loop = new Loop({ clock: systemClock, step: () => this.#turn() });
  }

  start(): void {
    this.#loop.start((error) => {
      throw error;
    });
  }

  async stop(): Promise<void> {
    this.#redis.disconnect();
    await this.#loop.stop();
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  get rejected(): readonly string[] {
    return this.#rejected;
  }

  /** Everything is here as it comes. */
  async refresh(): Promise<void> {}

  forget(): void {
    for (const { event } of this.#entries) this.#forgotten.add(event.callID);
    this.#entries = [];
    this.#rejected = [];
  }

  async #turn(): Promise<number> {
    const streams = [...this.#positions.keys()];
    const ids = [...this.#positions.values()].map(({ lastID }) => lastID);
    try {
      const reply = await this.#redis.xread('BLOCK', READ_BLOCK_MS, 'STREAMS', ...streams, ...ids);
      for (const [stream, entries] of reply ?? []) {
        for (const [streamID, fields] of entries) this.#take(stream, streamID, fields[1]);
        if (this.#commits) await this.#commit(stream);
      }
      return 0;
    } catch (error) {
      if (this.#redis.status === 'ready') throw error;
      return RETRY_MS;
    }
  }

  #take(stream: string, streamID: string, text: string | undefined): void {
    const position = this.#positions.get(stream);
    if (!position) return;
    position.lastID = streamID;
    const entry = parseEntry({ shard: position.shard, streamID, text });
    if (isRejected(entry)) this.#reject(`${entry.reason}: ${entry.detail}`);
    else if (this.#forgotten.has(entry.event.callID)) return;
    else if (this.#entries.length >= MAX_ENTRIES) this.#reject('there is no end of events');
    else this.#entries.push(entry);
  }

  async #commit(stream: string): Promise<void> {
    const position = this.#positions.get(stream);
    if (position) await this.#redis.set(ledgerKeys.committed(position.shard), position.lastID);
  }

  #reject(why: string): void {
    if (this.#rejected.length < MAX_REJECTED) this.#rejected.push(why);
  }
}
