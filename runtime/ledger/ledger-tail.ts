import type { Shard } from '#crds/projection/shard.ts';
import { FIRST_STREAM_ID, isAfterStreamID } from '#lib/redis/stream-id.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';

/** Some 40 minutes of a full pod's events, for an API server that is away. */
const MAX_CHARACTERS = 32 * 1024 * 1024;

/** An event as it was appended: `id` with its revision, `text` as JSON. */
export interface AppendedEvent {
  readonly ref: CallRef;
  readonly id: string;
  readonly text: string;
}

/** What is kept of one shard, by event id, oldest first. */
interface Kept {
  readonly events: Map<string, KeptEvent>;
  /** The highest stream id of all that was kept. */
  newestID: string;
}

/** An event that is in Redis and may not be in Postgres yet; `streamID`: by when it will be. */
interface KeptEvent extends AppendedEvent {
  readonly streamID: string;
}

/**
 * The ledger events that this pod appended and that are not known to be in Postgres, so that they can
 * be appended again where Redis loses them. Filled by CallStore, emptied by ShardWatch. At its bound
 * the oldest are given up: they have been in Redis the longest.
 */
export class LedgerTail {
  readonly #byShard = new Map<Shard, Kept>();
  readonly #metrics: Pick<RuntimeMetrics, 'ledgerTail' | 'ledgerTailDropped'>;
  readonly #maxCharacters: number;
  #characters = 0;
  #events = 0;

  constructor(
    metrics: Pick<RuntimeMetrics, 'ledgerTail' | 'ledgerTailDropped'>,
    maxCharacters = MAX_CHARACTERS,
  ) {
    this.#metrics = metrics;
    this.#maxCharacters = maxCharacters;
  }

  /** Keeps an event until `streamID` is committed. One that is kept already gets the new id. */
  keep(shard: Shard, event: AppendedEvent, streamID: string): void {
    const kept = this.#byShard.get(shard) ?? { events: new Map(), newestID: FIRST_STREAM_ID };
    this.#byShard.set(shard, kept);
    this.#forget(kept, event.id);
    kept.events.set(event.id, { ...event, streamID });
    if (isAfterStreamID(streamID, kept.newestID)) kept.newestID = streamID;
    this.#characters += event.text.length;
    this.#events += 1;
    while (this.#characters > this.#maxCharacters && this.#dropOldest());
    this.#metrics.ledgerTail.set(this.#events);
  }

  /** All up to `streamID` are in Postgres. */
  committed(shard: Shard, streamID: string): void {
    const kept = this.#byShard.get(shard);
    if (!kept) return;
    for (const event of kept.events.values()) {
      // They lie in the order of their ids but for those that were appended again, which then hold up others for a while.
      if (isAfterStreamID(event.streamID, streamID)) break;
      this.#forget(kept, event.id);
    }
    if (kept.events.size === 0) this.#byShard.delete(shard);
    this.#metrics.ledgerTail.set(this.#events);
  }

  /** Those with events. */
  shards(): Iterable<Shard> {
    return this.#byShard.keys();
  }

  /** The highest stream id that a shard's kept events had; a stream that ends before it has lost some. */
  newestID(shard: Shard): string {
    return this.#byShard.get(shard)?.newestID ?? FIRST_STREAM_ID;
  }

  /** In the order in which they were appended, to be appended again: their ids are no measure any more. */
  lost(shard: Shard): readonly AppendedEvent[] {
    const kept = this.#byShard.get(shard);
    if (!kept) return [];
    kept.newestID = FIRST_STREAM_ID;
    return [...kept.events.values()];
  }

  #forget({ events }: Kept, id: string): void {
    const event = events.get(id);
    if (!event) return;
    events.delete(id);
    this.#characters -= event.text.length;
    this.#events -= 1;
  }

  /** Of the shard whose oldest event is the oldest of all; false when nothing is kept. */
  #dropOldest(): boolean {
    let oldest: { readonly kept: Kept; readonly event: KeptEvent } | undefined;
    for (const kept of this.#byShard.values()) {
      const event = kept.events.values().next().value;
      if (event && (!oldest || isAfterStreamID(oldest.event.streamID, event.streamID)))
        oldest = { kept, event };
    }
    if (!oldest) return false;
    this.#forget(oldest.kept, oldest.event.id);
    this.#metrics.ledgerTailDropped.inc();
    return true;
  }
}
