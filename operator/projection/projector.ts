import { randomUUID } from 'node:crypto';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { mastersOf, type Redis } from '#lib/redis/servers.ts';
import { putScript, removeScript, setEpochScript } from './fenced-scripts.ts';

/** A newer operator has written already: this one must not write any more. */
export class StaleFence extends OperatingError {
  constructor(key: string) {
    super('stale_fence', `A newer operator has written ${key}.`);
  }
}

/**
 * The key was written under our term by a write that we know nothing of: by an earlier operator of that
 * term, or by one of ours that came after. What is to be written has to be decided anew.
 */
export class Overtaken extends OperatingError {
  constructor(key: string) {
    super('overtaken', `Another write of this term came before that of ${key}.`, { retryable: true });
  }
}

/** Redis did not answer; the write may or may not have happened and is safe to repeat. */
export class RedisUnavailable extends OperatingError {
  constructor(cause: unknown) {
    // Statuses show it: in steady words, which are no library's.
    super('redis_unavailable', 'Redis could not be reached.', { retryable: true, cause });
  }
}

/**
 * Writes what the phone path reads. Every write carries a fence: the lease's term, then a counter of
 * this process, so that neither an older operator nor a write that was overtaken can win.
 * Throws StaleFence, Overtaken or RedisUnavailable.
 */
export class Projector {
  readonly #redis: Redis;
  readonly #term: () => number;
  readonly #isOpen: () => boolean;
  #sequence = 0;

  /** `isOpen` says whether the term is known to be one that Redis takes; until then nothing is written. */
  constructor(options: {
    readonly redis: Redis;
    readonly term: () => number;
    readonly isOpen?: () => boolean;
  }) {
    this.#redis = options.redis;
    this.#term = options.term;
    this.#isOpen = options.isOpen ?? (() => true);
  }

  /**
   * A place in the order of writes. What is written with it later loses against every write that
   * came after it was taken, which is no error then: for values that were read at that moment.
   */
  mark(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Gives the key its value; true when it had another one before. */
  put(key: string, value: object, mark?: number): Promise<boolean> {
    return this.#write(putScript, { key, mark, argument: JSON.stringify(value) });
  }

  /**
   * Takes the value away; true when there was one. What it was is remembered for an hour from the last
   * time that this was asked for: callers on a number's move, and calls in progress, need it.
   */
  remove(key: string, mark?: number): Promise<boolean> {
    return this.#write(removeScript, { key, mark, argument: 1 });
  }

  /** The same, and forgets what it was. */
  erase(key: string, mark?: number): Promise<boolean> {
    return this.#write(removeScript, { key, mark, argument: 0 });
  }

  async #write(
    script: typeof putScript,
    write: { readonly key: string; readonly mark?: number | undefined; readonly argument: string | number },
  ): Promise<boolean> {
    const { key, mark, argument } = write;
    const fence = this.#fence(mark ?? this.mark());
    const reply = await this.#ask(() => script.run(this.#redis, { key }, [...fence, argument]));
    if (reply === 'stale') throw new StaleFence(key);
    if (reply === 'superseded' && mark === undefined) {
      await this.#goBeyond(key);
      throw new Overtaken(key);
    }
    return reply === 'written';
  }

  /** What is written after this comes after what the key holds. */
  async #goBeyond(key: string): Promise<void> {
    const known = await this.#ask(() => this.#redis.hget(key, PROJECTED_FIELDS.sequence));
    this.#sequence = Math.max(this.#sequence, Number(known ?? 0));
  }

  /** Says who writes from now on; the epoch to look for. */
  async beginEpoch(): Promise<string> {
    const term = this.#term();
    const epoch = `${term}:${randomUUID()}`;
    const key = projectionKeys.epoch();
    const reply = await this.#ask(() => setEpochScript.run(this.#redis, { key }, [term, epoch]));
    if (reply === 'stale') throw new StaleFence(key);
    return epoch;
  }

  /** Says that Redis holds the whole projection, unless somebody else writes by now. */
  async tellWhole(epoch: string): Promise<void> {
    if ((await this.readEpoch()) !== epoch) return;
    await this.#ask(() => this.#redis.set(projectionKeys.whole(), epoch));
  }

  /** Whether Redis holds the whole projection of an epoch. */
  async isWhole(epoch: string): Promise<boolean> {
    return (await this.#ask(() => this.#redis.get(projectionKeys.whole()))) === epoch;
  }

  /** The epoch that Redis holds; undefined after it was emptied. */
  async readEpoch(): Promise<string | undefined> {
    return (await this.#ask(() => this.#redis.get(projectionKeys.epoch()))) ?? undefined;
  }

  /**
   * Which Redis answers, all masters of a Cluster together: another value means that a replica was promoted
   * or a server was restarted, and writes may be lost. A server that does not tell (INFO may be forbidden)
   * is left out.
   */
  async readReplication(): Promise<string> {
    const infos = await Promise.all(
      mastersOf(this.#redis).map((server) => server.info('replication').catch(() => '')),
    );
    return infos
      .flatMap((info) => /^master_replid:(\w+)/m.exec(info)?.[1] ?? [])
      .sort()
      .join();
  }

  /** The values of the keys as text, in their order; undefined where a key has none. */
  async readValues(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const replies = await this.#ask(() =>
      Promise.all(keys.map((key) => this.#redis.hget(key, PROJECTED_FIELDS.value))),
    );
    return replies.map((reply) => reply ?? undefined);
  }

  /** Keys that begin with `prefix`, on every master, page by page. A key may come twice. */
  async *keysWith(prefix: string): AsyncGenerator<readonly string[]> {
    for (const server of mastersOf(this.#redis)) {
      let cursor = '0';
      do {
        const [next, keys] = await this.#ask(() => server.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 500));
        cursor = next;
        yield keys;
      } while (cursor !== '0');
    }
  }

  #fence(sequence: number): readonly [term: number, sequence: number] {
    if (this.#isOpen()) return [this.#term(), sequence];
    throw new RedisUnavailable(new Error('what it holds has not been compared yet'));
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw new RedisUnavailable(error);
    }
  }
}

/** The term in an epoch's text. */
export function termOfEpoch(epoch: string): number {
  return Number.parseInt(epoch, 10);
}
