import { ALL_SHARDS, type Shard } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { isAfterStreamID } from '#lib/redis/stream-id.ts';
import type { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { readShardState } from '#runtime/store/shard-state.ts';

const PERIOD_MS = 1_000;
/** Shards in which this pod has nothing are looked at in each so manieth look. */
const IDLE_EVERY = 5;

export interface ShardWatchOptions {
  readonly redis: Redis;
  readonly tail: LedgerTail;
  /** The shards of the calls that this pod would bring back. */
  readonly shardsOfCalls: () => Iterable<Shard>;
  /** Brings to Redis what it lost of a shard. Throws what Redis throws, and is then called again. */
  readonly restore: (shard: Shard) => Promise<void>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/**
 * Notices that Redis has lost what this pod wrote: emptied, restarted without its last writes, or
 * failed over to a replica that missed some. Also lets the ledger's tail go, once it is in Postgres.
 */
export class ShardWatch implements Service {
  readonly name = 'shard watch';
  readonly #options: ShardWatchOptions;
  readonly #loop: Loop;
  /** By shard: what its state was called when this pod last had nothing to bring back. */
  readonly #identities = new Map<Shard, string>();
  #looks = 0;

  constructor(options: ShardWatchOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: () => this.#lookAgain() });
  }

  /** What a shard is before anything is written to it has to be known. */
  async start(fail: (error: unknown) => void): Promise<void> {
    await this.#lookAgain();
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Looks at shards at once; resolves to those at which that was possible. It is done again by itself for the others. */
  look(shards: readonly Shard[]): Promise<ReadonlySet<Shard>> {
    return this.#lookAt(shards, this.#shardsInUse());
  }

  async #lookAgain(): Promise<number> {
    const inUse = this.#shardsInUse();
    const all = this.#looks % IDLE_EVERY === 0;
    this.#looks += 1;
    await this.#lookAt(all ? ALL_SHARDS : [...inUse], inUse);
    return PERIOD_MS;
  }

  #shardsInUse(): ReadonlySet<Shard> {
    const { tail, shardsOfCalls } = this.#options;
    return new Set([...shardsOfCalls(), ...tail.shards()]);
  }

  async #lookAt(shards: readonly Shard[], inUse: ReadonlySet<Shard>): Promise<ReadonlySet<Shard>> {
    const seen = new Set<Shard>();
    let failure: unknown;
    await Promise.all(
      shards.map((shard) =>
        this.#compare(shard, inUse.has(shard)).then(
          () => seen.add(shard),
          (error: unknown) => {
            failure = error;
          },
        ),
      ),
    );
    if (seen.size < shards.length) {
      const unseen = shards.length - seen.size;
      this.#options.log.warn({ err: failure, unseen }, 'what became of shards in Redis could not be seen');
    }
    return seen;
  }

  async #compare(shard: Shard, isInUse: boolean): Promise<void> {
    const { redis, tail, restore, metrics } = this.#options;
    const { identity, committedID, lastID } = await readShardState(redis, shard);
    const before = this.#identities.get(shard) ?? identity;
    const isWhole = before === identity && !isAfterStreamID(tail.newestID(shard), lastID);
    if (!isWhole && isInUse) {
      metrics.redisLosses.inc();
      await restore(shard);
    }
    // What was appended before a loss has other ids now: those are compared at the next look.
    if (isWhole) tail.committed(shard, committedID);
    this.#identities.set(shard, identity);
  }
}
