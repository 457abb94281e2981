import { Redis } from 'ioredis';
import { isRejected, parseEntry } from '#apiserver/ledger/stream-entry.ts';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';

/** What the runtime reports of a tenant's calls, from now on and as it comes. */
export class LedgerTail {
  readonly #redis: Redis;
  readonly #tenantID: string;
  readonly #reading: Promise<void>;
  #events: LedgerEvent[] = [];
  #failure: unknown;
  #isClosed = false;

  private constructor(redis: Redis, tenantID: string, lastID: string) {
    this.#redis = redis;
    this.#tenantID = tenantID;
    this.#reading = this.#read(lastID).catch((error: unknown) => {
      if (!this.#isClosed) this.#failure = error;
    });
  }

  static async open(redisURL: string, tenantID: string): Promise<LedgerTail> {
    const redis = new Redis(redisURL, { maxRetriesPerRequest: 1 });
    // What a lost connection means is told by the command that it fails.
    redis.on('error', () => undefined);
    const [last] = await redis.xrevrange(ledgerKeys.stream(shardOf(tenantID)), '+', '-', 'COUNT', 1);
    return new LedgerTail(redis, tenantID, last?.[0] ?? '0-0');
  }

  /** What has come since it was asked for last. Throws what ended the reading. */
  take(): LedgerEvent[] {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#events.splice(0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#redis.disconnect();
    await this.#reading;
  }

  /** It is waited for in Redis, since the API server trims what it has taken. */
  async #read(lastID: string): Promise<void> {
    const shard = shardOf(this.#tenantID);
    const stream = ledgerKeys.stream(shard);
    for (let after = lastID; !this.#isClosed; ) {
      const reply = await this.#redis.xread('BLOCK', BLOCK_MS, 'STREAMS', stream, after);
      for (const [streamID, fields] of reply?.[0]?.[1] ?? []) {
        after = streamID;
        // What cannot be read is the API server's to report.
        const entry = parseEntry({ shard, streamID, text: fields[1] });
        if (!isRejected(entry) && entry.event.tenantID === this.#tenantID) this.#events.push(entry.event);
      }
    }
  }
}

const BLOCK_MS = 1_000;
