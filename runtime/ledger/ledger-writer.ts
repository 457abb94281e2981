import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { type Shard, shardOf } from '#crds/projection/shard.ts';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';

/** About 40 minutes of a full pod's turns while Redis is away, at some 300 bytes each. */
const MAX_QUEUED = 10_000;
const BATCH = 64;

export interface LedgerWriterOptions {
  readonly store: Pick<CallStore, 'appendLedger'>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/**
 * Appends what happens within a call (turns, leads) to the tenant's ledger stream, in order, and
 * holds it back while Redis is away. What belongs to a transition is appended by its commit.
 */
export class LedgerWriter implements Service {
  readonly name = 'ledger writer';
  readonly #options: LedgerWriterOptions;
  readonly #queue: LedgerEvent[] = [];
  readonly #ending = new AbortController();
  #flushing: Promise<void> | undefined;

  constructor(options: LedgerWriterOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {}

  /** Never blocks and never throws: a call goes on whatever becomes of its ledger. */
  append(event: LedgerEvent): void {
    const { log, metrics } = this.#options;
    if (this.#queue.length >= MAX_QUEUED) {
      metrics.ledgerDropped.inc();
      log.error({ callID: event.callID, kind: event.kind }, 'a ledger event was dropped: the queue is full');
      return;
    }
    this.#queue.push(event);
    metrics.ledgerQueue.set(this.#queue.length);
    this.#startFlush();
  }

  /** Looks again after each run: an event may have come after its last look at the queue. */
  #startFlush(): void {
    if (this.#flushing || this.#queue.length === 0 || this.#ending.signal.aborted) return;
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      this.#startFlush();
    });
  }

  /** Resolves when all that was appended so far is in Redis. */
  async flushed(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  /** Gives the queue a last chance of 3 s; what is left then is lost, and said so. */
  async stop(): Promise<void> {
    const { clock, log } = this.#options;
    const cancel = clock.after(3_000, () => this.#ending.abort());
    await this.flushed();
    cancel();
    if (this.#queue.length > 0) {
      log.error({ events: this.#queue.length }, 'ledger events were lost: Redis did not take them');
    }
  }

  async #flush(): Promise<void> {
    const { store, log, clock, metrics } = this.#options;
    /** Shards that refused something since the last pause: a master that is away holds up its own only. */
    const refusing = new Set<Shard>();
    for (let attempt = 0; this.#queue.length > 0 && !this.#ending.signal.aborted; ) {
      const start = this.#queue.findIndex(({ tenantID }) => !refusing.has(shardOf(tenantID)));
      const batch = sameCall(this.#queue, start);
      const [first] = batch;
      if (!first) {
        log.warn({ attempt, events: this.#queue.length }, 'the ledger could not be written');
        await clock
          .sleep(backoffMs(attempt, { initialMs: 100, maxMs: 2_000 }), this.#ending.signal)
          .catch((reason: unknown) => {
            if (!isAbort(reason)) throw reason;
          });
        attempt += 1;
        refusing.clear();
        continue;
      }
      try {
        await store.appendLedger(first, batch);
        this.#queue.splice(start, batch.length);
        metrics.ledgerQueue.set(this.#queue.length);
        attempt = 0;
      } catch (error) {
        log.debug({ err: error, callID: first.callID }, 'ledger events could not be written');
        refusing.add(shardOf(first.tenantID));
      }
    }
  }
}

/** The events of the queue from `start` on that belong to one call; none where `start` is -1. */
function sameCall(queue: readonly LedgerEvent[], start: number): readonly LedgerEvent[] {
  if (start === -1) return [];
  const callID = queue[start]?.callID;
  const rest = queue.slice(start, start + BATCH);
  const end = rest.findIndex((event) => event.callID !== callID);
  return rest.slice(0, end === -1 ? rest.length : end);
}
