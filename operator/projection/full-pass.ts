import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type Projector, StaleFence, termOfEpoch } from './projector.ts';

/** What a key should hold: a value, nothing, or what it holds already. */
export type Wish = object | 'keep' | undefined;

/** What Redis should hold. A pass takes a while, so nothing of this is remembered: each is asked for when it is needed. */
export interface ProjectionSource {
  /** The keys of all that there is. One may come twice. */
  keys(): Iterable<string>;
  /** As everything is at this moment. */
  wishFor(key: string): Wish;
  /** Whether what a key held is still of use for a while where it is unwanted. */
  isRemembered(key: string): boolean;
}

export interface FullPassOptions {
  readonly projector: Projector;
  readonly source: ProjectionSource;
  /** Prefixes of the keys that are ours; what `source` does not name among them is removed. */
  readonly prefixes: readonly string[];
  readonly synced: readonly Promise<void>[];
  readonly elected: Promise<unknown>;
  /** Makes the term greater than one that Redis remembers. */
  readonly raiseTermAbove: (term: number) => Promise<void>;
  readonly mayAct: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told what a pass put right: `missing`, `different` or `unwanted` keys. */
  readonly onDrift: (kind: Drift, count: number) => void;
  /** Told after each pass how many unwanted keys it did not dare to remove. */
  readonly onLeft: (count: number) => void;
  /** Told when Redis holds everything again after it was away, or is another than it was. */
  readonly onRestored: () => Promise<void>;
}

export type Drift = 'missing' | 'different' | 'unwanted';

/** How soon an emptied Redis is noticed. */
const EPOCH_PERIOD_MS = 2_000;
/** How often everything is compared although nothing seems wrong. */
const PASS_PERIOD_MS = 300_000;
/** After so many looks in vain the rest of the operator begins without Redis. */
const PATIENCE = 5;
/** So many values are made and compared at a time; between two batches everything else has its turn. */
const BATCH = 50;
/** A pass that would remove more than this share of many keys is more likely to be wrong than right. */
const MASS_REMOVAL = { share: 0.2, least: 50 };

/**
 * Compares the whole projection with Redis: at the start, when the epoch is missing or not ours (Redis
 * was emptied), when another Redis answers than before (a replica was promoted, which may have missed
 * writes), and every five minutes. Repairs and counts.
 */
export class FullPass implements Service {
  readonly name = 'projection full pass';
  /**
   * Resolves once the lease is held under a term that Redis takes: from then on may be written. Where
   * Redis does not answer for some seconds it resolves too, so that all else is done meanwhile.
   */
  readonly opened: Promise<void>;
  readonly #options: FullPassOptions;
  readonly #loop: Loop;
  /** Under which this operator writes; Redis loses it with all else. */
  #epoch: string | undefined;
  /** Of the Redis that held everything; undefined until one does. */
  #replication: string | undefined;
  #hasOpened = false;
  #failures = 0;
  #passedAtMs = Number.NEGATIVE_INFINITY;
  readonly #firstLook = Promise.withResolvers<void>();

  constructor(options: FullPassOptions) {
    this.#options = options;
    this.opened = this.#firstLook.promise;
    const { clock, synced, elected } = options;
    this.#loop = new Loop({ clock, after: Promise.all([...synced, elected]), step: () => this.#step() });
  }

  /** Whether Redis has been looked at, and takes this operator's term. */
  get hasOpened(): boolean {
    return this.#hasOpened;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #step(): Promise<number> {
    const { log, mayAct } = this.#options;
    try {
      if (mayAct()) await this.passIfNeeded();
    } catch (error) {
      this.#failures += 1;
      if (this.#failures >= PATIENCE) this.#firstLook.resolve();
      // A newer operator writes: the lease will tell, and until then nothing may be written.
      if (error instanceof StaleFence)
        log.error({ err: error }, 'the projection belongs to a newer operator');
      else log.warn({ error: messageOf(error) }, 'the projection could not be compared');
    }
    return EPOCH_PERIOD_MS;
  }

  /** One look at the epoch, and a pass when it is due. */
  async passIfNeeded(): Promise<void> {
    const { projector, clock, onRestored } = this.#options;
    const [found, replication] = [await projector.readEpoch(), await projector.readReplication()];
    const isOurs = found !== undefined && found === this.#epoch;
    const isWhole = isOurs && replication === this.#replication;
    if (isWhole && clock.monotonic() - this.#passedAtMs < PASS_PERIOD_MS) return;
    if (!isOurs) await this.#beginEpoch(found);
    const hasWaited = this.#hasOpened || this.#failures >= PATIENCE;
    this.#hasOpened = true;
    this.#firstLook.resolve();
    await this.#pass(!isWhole);
    this.#passedAtMs = clock.monotonic();
    if (isWhole) return;
    if (this.#epoch !== undefined) await projector.tellWhole(this.#epoch);
    this.#replication = replication;
    if (hasWaited) await onRestored();
  }

  /**
   * Leaves our term in Redis before anything is written under it: whoever comes after this operator goes
   * above it, also where this one ends in the middle of its first pass and the Lease is deleted then. That all is there
   * is said once it is: of a number that is not written yet, callers must not hear that nobody has it.
   */
  async #beginEpoch(found: string | undefined): Promise<void> {
    const { projector, raiseTermAbove } = this.#options;
    if (found !== undefined) await raiseTermAbove(termOfEpoch(found));
    const wasWhole = found !== undefined && (await projector.isWhole(found));
    this.#epoch = await projector.beginEpoch();
    if (wasWhole) await projector.tellWhole(this.#epoch);
    this.#replication = undefined;
  }

  async #pass(isExpected: boolean): Promise<void> {
    const { projector, source, onDrift, onLeft, log } = this.#options;
    const counts = { missing: 0, different: 0, unwanted: 0 };
    // The controllers go on writing meanwhile, from newer caches: their writes win by these marks.
    const mark = projector.mark();
    const wanted = new Set<string>();
    for (const batch of batches(source, wanted)) await this.#compare(batch, counts);
    const { removed, left } = await this.#removeUnwanted(wanted, mark);
    counts.unwanted = removed;
    onLeft(left);
    for (const kind of ['missing', 'different', 'unwanted'] as const) onDrift(kind, counts[kind]);
    const level = isExpected || Object.values(counts).every((n) => n === 0) ? 'debug' : 'warn';
    log[level]({ keys: wanted.size, ...counts, left }, 'the projection was compared and repaired');
  }

  async #compare(batch: readonly Entry[], counts: Record<Drift, number>): Promise<void> {
    const { projector } = this.#options;
    // The values have just been made: what is written after this is newer.
    const mark = projector.mark();
    const found = await projector.readValues(batch.map(([key]) => key));
    const wrong = batch.filter(([, value], index) => found[index] !== JSON.stringify(value));
    for (const [index, entry] of batch.entries()) {
      if (wrong.includes(entry)) counts[found[index] === undefined ? 'missing' : 'different'] += 1;
    }
    await Promise.all(wrong.map(([key, value]) => projector.put(key, value, mark)));
  }

  async #removeUnwanted(
    wanted: ReadonlySet<string>,
    mark: number,
  ): Promise<{ readonly removed: number; readonly left: number }> {
    const { projector, source, prefixes, log } = this.#options;
    const unwanted = new Set<string>();
    for (const prefix of prefixes) {
      for await (const keys of projector.keysWith(prefix)) {
        // What came after the pass had begun is asked for here.
        const strangers = keys.filter((key) => !wanted.has(key) && source.wishFor(key) === undefined);
        const values = await projector.readValues(strangers);
        for (const [index, key] of strangers.entries()) if (values[index] !== undefined) unwanted.add(key);
      }
    }
    const total = wanted.size + unwanted.size;
    if (unwanted.size > Math.max(MASS_REMOVAL.least, total * MASS_REMOVAL.share)) {
      log.error(
        { unwanted: unwanted.size, total },
        'too many keys of the projection have no object any more; none was removed',
      );
      return { removed: 0, left: unwanted.size };
    }
    let removed = 0;
    for (const key of unwanted) {
      if (source.wishFor(key) !== undefined) continue;
      const remove = source.isRemembered(key) ? projector.remove(key, mark) : projector.erase(key, mark);
      if (await remove) removed += 1;
    }
    return { removed, left: 0 };
  }
}

type Entry = readonly [key: string, value: object];

/**
 * The keys that should hold a known value, with it; notes in `wanted` all that should hold something. Each
 * batch is made when it is asked for: ten thousand profiles at once would be another copy of all Tenants,
 * and old by the time that they are compared.
 */
function* batches(source: ProjectionSource, wanted: Set<string>): Generator<readonly Entry[]> {
  let batch: Entry[] = [];
  for (const key of source.keys()) {
    const wish = wanted.has(key) ? undefined : source.wishFor(key);
    if (wish === undefined) continue;
    wanted.add(key);
    if (wish === 'keep') continue;
    batch.push([key, wish]);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
