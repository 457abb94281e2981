import type { Clock } from '#lib/clock/clock.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import { type ChangeHandler, ObjectStore } from './object-store.ts';
import { type ListReason, Reflector, type Selection } from './reflector.ts';
import type { Resource } from './resource.ts';
import { VerifyPass } from './verify-pass.ts';

export type { ListReason } from './reflector.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'listPage' | 'listMetadataPage' | 'watch'>;
  readonly resource: Resource;
  readonly log: Logger;
  readonly select?: Selection;
  /**
   * Makes what is kept of an object, so that memory holds no more than is read. It sees managedFields,
   * which are dropped afterwards, and has to keep the metadata's name, namespace, uid and resourceVersion.
   */
  readonly transform?: (object: T) => T;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** The cache is compared with the API server after once to twice this. Default 5 min. */
  readonly verifyIntervalMs?: number;
  /** Told each time the kind was listed: once at the start is the rule, more means cut watches. */
  readonly onRelist?: (reason: ListReason) => void;
  /** Told at the end of each comparison how many objects the watch missed: 0 is the rule. */
  readonly onVerified?: (missed: number) => void;
}

const VERIFY_INTERVAL_MS = 300_000;

/**
 * A live copy of one kind for as long as the service runs: `reflector.ts` keeps it like the API
 * server, `object-store.ts` holds it and tells of changes, `verify-pass.ts` checks it. No error ends
 * it; it says how it fares in the log and in `synced`.
 */
export class Informer<T extends KubeObject> implements Service {
  readonly name: string;
  /** Resolves when the first list is in the cache; never rejects. */
  readonly synced: Promise<void>;
  readonly #store: ObjectStore<T>;
  readonly #reflector: Reflector<T>;
  readonly #verifyPass: VerifyPass<T>;
  readonly #ending = new AbortController();
  #hasSynced = false;
  #running: Promise<unknown> | undefined;

  constructor(options: InformerOptions<T>) {
    const { client, resource, log, select, transform } = options;
    const firstList = Promise.withResolvers<void>();
    this.name = `informer of ${resource.plural}`;
    this.synced = firstList.promise;
    this.#store = new ObjectStore({ kind: resource.kind, log, transform });
    const shared = {
      client,
      resource,
      select,
      log,
      store: this.#store,
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
      signal: this.#ending.signal,
    };
    this.#reflector = new Reflector({
      ...shared,
      onListed: (reason) => {
        this.#hasSynced = true;
        firstList.resolve();
        options.onRelist?.(reason);
      },
    });
    this.#verifyPass = new VerifyPass({
      ...shared,
      intervalMs: options.verifyIntervalMs ?? VERIFY_INTERVAL_MS,
      onVerified: (missed) => options.onVerified?.(missed),
      relist: () => this.#reflector.relist(),
    });
  }

  /** Begins to list and watch, and returns at once: wait for `synced` where the cache must be whole. */
  async start(fail: (error: unknown) => void): Promise<void> {
    this.#running = Promise.all([this.#reflector.run().catch(fail), this.#verifyPass.run().catch(fail)]);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** When the API server last said something of the kind, by the clock's `monotonic`. */
  get heardAtMs(): number | undefined {
    return this.#reflector.heardAtMs;
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
}
