import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { KubeClient, ListOptions } from './kube-client.ts';
import { isExpired, KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { type ChangeHandler, ObjectStore } from './object-store.ts';
import type { Resource } from './resource.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: Resource;
  readonly log: Logger;
  readonly select?: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  /**
   * Makes what is kept of an object, so that memory holds no more than is read. It sees managedFields,
   * which are dropped afterwards, and has to keep the metadata's name, namespace, uid and resourceVersion.
   */
  readonly transform?: (object: T) => T;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Told each time the kind was listed: once at the start is the rule, more means cut watches. */
  readonly onRelist?: (reason: 'Start' | 'Expired') => void;
}

/** The API server ends a watch after 5–10 min, drawn at random so that watches do not return together. */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** Bookmarks come about once a minute (with 25 % jitter): two missed ones mean a half-open connection. */
const INACTIVITY_MS = 150_000;
const RETRY = { initialMs: 500, maxMs: 30_000 };

/**
 * A live copy of one kind: list, then watch from where the list stood, for as long as the service
 * runs. No error ends it; it says how it fares in the log and in `synced`.
 *
 *   list ──▶ watch ──end──▶ watch again from the last resourceVersion
 *     ▲        │ 410 in header or stream
 *     └────────┘            any other error: back off, then watch again
 */
export class Informer<T extends KubeObject> implements Service {
  readonly name: string;
  /** Resolves when the first list is in the cache; never rejects. */
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #store: ObjectStore<T>;
  readonly #ending = new AbortController();
  readonly #firstList = Promise.withResolvers<void>();
  #hasSynced = false;
  #resourceVersion: string | undefined;
  #attempt = 0;
  #loop: Promise<void> | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#store = new ObjectStore({
      kind: options.resource.kind,
      log: options.log,
      transform: options.transform,
    });
    this.name = `informer of ${options.resource.plural}`;
    this.synced = this.#firstList.promise;
  }

  /** Begins to list and watch, and returns at once: wait for `synced` where the cache must be whole. */
  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop = this.#run().catch(fail);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(): readonly T[] {
    return this.#store.list();
  }

  /** Adds a handler; it is told at once of every object already known. The result removes it. */
  onChange(handler: ChangeHandler<T>): () => void {
    return this.#store.onChange(handler);
  }

  /**
   * Writes through what a write of this process returned, whole as it came, so that the cache is never
   * older than our own writes. Handlers are told with the origin `Own`. Where the watch or the cache is
   * already past it, nothing happens. True when it was taken.
   */
  observe(object: KubeObject): boolean {
    return this.#store.observe(object);
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#relist();
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) this.#resourceVersion = undefined;
        await this.#backOff(error);
      }
    }
  }

  async #backOff(cause: unknown): Promise<void> {
    const asked = cause instanceof KubeError ? (cause.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(asked, backoffMs(this.#attempt, { ...RETRY, random: this.#random }));
    const level = isExpired(cause) || this.#attempt < 2 ? 'info' : 'warn';
    this.#options.log[level](
      { kind: this.#options.resource.kind, delayMs, attempt: this.#attempt, reason: messageOf(cause) },
      'list or watch ended with an error and is begun again',
    );
    this.#attempt += 1;
    await this.#clock.sleep(delayMs, this.#ending.signal).catch(() => undefined);
  }

  async #relist(): Promise<void> {
    const { client, resource, select, onRelist } = this.#options;
    onRelist?.(this.#hasSynced ? 'Expired' : 'Start');
    const list = await client.list<T>(resource, { ...select, signal: this.#ending.signal });
    const listing = this.#store.beginListing();
    for (const object of list.items) listing.put(object);
    if (listing.finish(list.metadata.resourceVersion ?? '0') === 'WentBack') return this.#relist();
    this.#resourceVersion = list.metadata.resourceVersion ?? '0';
    this.#hasSynced = true;
    this.#firstList.resolve();
  }

  async #watch(): Promise<void> {
    const { client, resource, select } = this.#options;
    const silence = new AbortController();
    const cancelled = { timer: () => undefined as void };
    const rearm = () => {
      cancelled.timer();
      cancelled.timer = this.#clock.after(INACTIVITY_MS, () => {
        silence.abort(
          new KubeError({
            status: 0,
            reason: 'WatchInactive',
            message: 'A watch said nothing for too long.',
          }),
        );
      });
    };
    const openedAtMs = this.#clock.monotonic();
    try {
      rearm();
      const events = await client.watch(resource, {
        ...select,
        resourceVersion: this.#resourceVersion ?? '0',
        timeoutSeconds: WATCH_SECONDS.least + Math.floor(this.#random() * WATCH_SECONDS.spread),
        signal: AbortSignal.any([this.#ending.signal, silence.signal]),
      });
      for await (const event of events) {
        rearm();
        this.#attempt = 0;
        const { object } = event;
        if (event.type === 'DELETED') this.#store.remove(object);
        else if (event.type !== 'BOOKMARK') this.#store.put(object);
        this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
        if (this.#resourceVersion !== undefined) this.#store.shownUpTo(this.#resourceVersion);
      }
    } finally {
      cancelled.timer();
    }
    // A server that ends every watch at once must not be asked in a tight loop.
    if (this.#clock.monotonic() - openedAtMs < 1_000) {
      throw new KubeError({ status: 0, reason: 'WatchEnded', message: 'A watch ended as soon as it began.' });
    }
    this.#attempt = 0;
  }
}
