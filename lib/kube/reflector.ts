import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { KubeClient, ListOptions } from './kube-client.ts';
import { isExpired, KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import type { Listing, ObjectStore } from './object-store.ts';
import type { Resource } from './resource.ts';
import { endsInitialEvents, type WatchEvent } from './watch-events.ts';

export type Selection = Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;

/**
 * Why a kind was listed. `Start`: the first time. `Expired`: the server no longer has what came after our
 * version, or the watch could not be read. `Missed`: the cache was found to differ from the server.
 */
export type ListReason = 'Start' | 'Expired' | 'Missed';

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'listPage' | 'watch'>;
  readonly resource: Resource;
  readonly select: Selection | undefined;
  readonly store: ObjectStore<T>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told when a list is whole. */
  readonly onListed: (reason: ListReason) => void;
}

/** The size at which client-go pages too. */
const PAGE_SIZE = 500;
/** The API server ends a watch after 5–10 min, drawn at random so that watches do not return together. */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** Bookmarks come about once a minute (with 25 % jitter): two missed ones mean a half-open connection. */
const INACTIVITY_MS = 150_000;
/** Between two objects of a WatchList: a server that never says its list is whole is listed by pages. */
const LIST_SILENCE_MS = 30_000;
const RETRY = { initialMs: 500, maxMs: 30_000 };
/** A longer `Retry-After` is not believed. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Keeps a store like the API server: list, then watch from where the list stood, until the signal
 * aborts. No error ends it.
 *
 *   WatchList ───────all shown──────▶ the same stream goes on as the watch
 *     ▲   │ refused, or failed          │ ends: watch again from the last version
 *     │   ▼                             │ any error: back off, then watch again
 *     │  list by pages ─────────▶ watch │
 *     └──── 410 in header or stream, an unreadable event, or `relist` ◀┘
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  #reason: ListReason = 'Start';
  /** Up to which version all was seen; undefined where a list is due. */
  #version: string | undefined;
  #heardAtMs: number | undefined;
  #isListing = false;
  /** The server said that it knows no WatchList. */
  #isWatchListRefused = false;
  /** A WatchList failed, whatever the cause: pages make progress where it might not. */
  #listsByPages = false;
  #attempt = 0;
  #interruption = new AbortController();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  /** When the server last said something of the kind, by the clock's `monotonic`; bookmarks come about once a minute. */
  get heardAtMs(): number | undefined {
    return this.#heardAtMs;
  }

  /** Ends when the signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      this.#interruption = new AbortController();
      try {
        if (this.#version === undefined && (this.#isWatchListRefused || this.#listsByPages)) {
          await this.#listPages();
        }
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#learn(error)) await this.#backOff(error);
      }
    }
  }

  /** Lists the kind anew and takes the list as it is: what the cache has was found wrong. */
  relist(): void {
    this.#options.store.distrust();
    this.#needList('Missed');
    this.#interruption.abort(failure('CacheDiffers', 'The cache was found to differ from the API server.'));
  }

  #needList(reason: ListReason): void {
    if (this.#version === undefined) return;
    this.#version = undefined;
    this.#reason = reason;
  }

  /** Chooses what comes next. True when the error only said that there is no WatchList here. */
  #learn(error: unknown): boolean {
    const { status, reason } = error instanceof KubeError ? error : failure('Unknown', messageOf(error));
    const isMalformed = reason === 'MalformedEvent';
    if (isMalformed || isExpired(error)) this.#needList('Expired');
    const wasWatchList = this.#isListing && !this.#listsByPages && !this.#isWatchListRefused;
    if (isMalformed || wasWatchList) this.#listsByPages = true;
    if (!wasWatchList || ![400, 405, 422].includes(status)) return false;
    this.#isWatchListRefused = true;
    return true;
  }

  async #backOff(cause: unknown): Promise<void> {
    const { log, resource, clock, random, signal } = this.#options;
    const asked = cause instanceof KubeError ? (cause.retryAfterMs ?? 0) : 0;
    const delayMs = Math.min(asked, MAX_RETRY_AFTER_MS) + backoffMs(this.#attempt, { ...RETRY, random });
    const level = isExpired(cause) || this.#attempt < 2 ? 'info' : 'warn';
    log[level](
      { kind: resource.kind, delayMs, attempt: this.#attempt, reason: messageOf(cause) },
      'list or watch ended with an error and is begun again',
    );
    this.#attempt += 1;
    await clock.sleep(delayMs, signal).catch(() => undefined);
  }

  async #listPages(): Promise<void> {
    const { client, resource, select, store, signal } = this.#options;
    this.#isListing = true;
    const listing = store.beginListing();
    let continueFrom: string | undefined;
    for (;;) {
      const page = await client.listPage(resource, { ...select, limit: PAGE_SIZE, continueFrom, signal });
      this.#heardAtMs = this.#options.clock.monotonic();
      for (const object of page.items) if (this.#isNamed(object)) listing.put(object);
      continueFrom = page.metadata.continue || undefined;
      if (continueFrom === undefined) return this.#finish(listing, page.metadata.resourceVersion ?? '0');
    }
  }

  #finish(listing: Listing, resourceVersion: string): void {
    if (listing.finish(resourceVersion) === 'WentBack') {
      throw failure('VersionsWentBack', 'The versions of the API server went back.');
    }
    this.#version = resourceVersion;
    this.#listsByPages = false;
    this.#isListing = false;
    this.#options.onListed(this.#reason);
  }

  /** One watch, from the last version on, or as a WatchList where a list is due. */
  async #watch(): Promise<void> {
    const { client, resource, select, store, clock, random, signal } = this.#options;
    this.#isListing = this.#version === undefined;
    let listing = this.#isListing ? store.beginListing() : undefined;
    const silence = new SilenceTimer(clock, this.#isListing ? LIST_SILENCE_MS : INACTIVITY_MS);
    const openedAtMs = clock.monotonic();
    try {
      const events = await client.watch(resource, {
        ...select,
        resourceVersion: this.#version,
        timeoutSeconds: WATCH_SECONDS.least + Math.floor(random() * WATCH_SECONDS.spread),
        signal: AbortSignal.any([signal, silence.signal, this.#interruption.signal]),
      });
      for await (const event of events) {
        this.#heardAtMs = clock.monotonic();
        if (listing === undefined || event.type !== 'BOOKMARK') silence.rearm();
        if (!this.#isReadable(event)) continue;
        if (listing === undefined) this.#take(event, store);
        else if (!endsInitialEvents(event)) this.#takeInitial(event, listing);
        else {
          this.#finish(listing, event.object.metadata.resourceVersion ?? '0');
          listing = undefined;
          silence.rearm(INACTIVITY_MS);
        }
      }
    } finally {
      silence.disarm();
    }
    if (listing !== undefined) throw failure('ListEnded', 'A list ended before it was whole.');
    // A server that ends every watch at once must not be asked in a tight loop.
    if (clock.monotonic() - openedAtMs < 1_000) {
      throw failure('WatchEnded', 'A watch ended as soon as it began.');
    }
    this.#attempt = 0;
  }

  #take({ type, object }: WatchEvent, store: ObjectStore<T>): void {
    if (type === 'DELETED') store.remove(object);
    else if (type !== 'BOOKMARK') store.put(object);
    const { resourceVersion } = object.metadata;
    // After `relist` the stream says no more: what it showed is not where the next one begins.
    if (resourceVersion === undefined || this.#version === undefined) return;
    this.#version = resourceVersion;
    this.#attempt = 0;
    store.shownUpTo(resourceVersion);
  }

  #takeInitial({ type, object }: WatchEvent, listing: Listing): void {
    if (type === 'DELETED') listing.remove(object);
    else if (type !== 'BOOKMARK') listing.put(object);
  }

  /** Whether the event can be used; one that can't be is left out, and the others go on. */
  #isReadable({ type, object }: WatchEvent): boolean {
    if (type === 'BOOKMARK') return object?.metadata !== undefined;
    if (['ADDED', 'MODIFIED', 'DELETED'].includes(type)) return this.#isNamed(object);
    this.#options.log.error({ kind: this.#options.resource.kind, type }, 'an event of no known type');
    return false;
  }

  #isNamed(object: KubeObject): boolean {
    if (typeof object?.metadata?.name === 'string') return true;
    this.#options.log.error({ kind: this.#options.resource.kind }, 'an object without a name is left out');
    return false;
  }
}

/** Aborts its signal when nothing rearms it for so long. */
class SilenceTimer {
  readonly #clock: Clock;
  readonly #silent = new AbortController();
  #limitMs: number;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.rearm();
  }

  get signal(): AbortSignal {
    return this.#silent.signal;
  }

  rearm(limitMs = this.#limitMs): void {
    this.#limitMs = limitMs;
    this.#cancel();
    this.#cancel = this.#clock.after(limitMs, () => {
      this.#silent.abort(failure('WatchInactive', 'A watch said nothing for too long.'));
    });
  }

  disarm(): void {
    this.#cancel();
  }
}

function failure(reason: string, message: string): KubeError {
  return new KubeError({ status: 0, reason, message });
}
