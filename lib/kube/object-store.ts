/** What an informer knows: the cache itself, the order of versions in it, and who is told of changes. */
import type { Logger } from '#lib/log/logger.ts';
import { type KubeObject, keyOf } from './kube-object.ts';
import { isNewer, isOlder } from './resource-version.ts';

/**
 * How a change came to be known. `Initial`: the first list, and what a handler that is added later is
 * told at once. `Watch`: as it happened. `Relist`: found by a later list. `Own`: a write of this
 * process, told by `observe`; its watch event then changes nothing and tells nobody.
 */
export type ChangeOrigin = 'Initial' | 'Watch' | 'Relist' | 'Own';

/**
 * Told of a change by key. It only notes the key down (enqueues it): what it throws is logged and
 * ends nothing. `before` and `after` are there to find the key's owner; either may be absent. Where
 * an object was deleted and made again quickly, both are there with different uids.
 */
export type ChangeHandler<T> = (
  key: string,
  before: T | undefined,
  after: T | undefined,
  origin: ChangeOrigin,
) => void;

export interface ObjectStoreOptions<T extends KubeObject> {
  readonly kind: string;
  readonly log: Logger;
  /** See `InformerOptions.transform`. */
  readonly transform?: ((object: T) => T) | undefined;
}

/** A list under way. `finish` says whether the cache is now what the list said. */
export interface Listing {
  put(object: KubeObject): void;
  remove(object: KubeObject): void;
  /** Ends the list that stood at this resourceVersion: what it did not name is gone. */
  finish(resourceVersion: string): 'Whole' | 'WentBack';
}

/**
 * The objects of one kind by key. A newer version is never replaced by an older one, with one
 * exception: when the API server's versions went back (etcd was restored), the next list is taken as it is.
 */
export class ObjectStore<T extends KubeObject> {
  readonly #options: ObjectStoreOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #handlers = new Set<ChangeHandler<T>>();
  /** The versions of objects that could not be kept: known, so that nobody counts them as missed. */
  readonly #rejected = new Map<string, string>();
  /** Every change up to here has been shown by a list or the watch. */
  #shown = '0';
  #hasListed = false;
  #takesListAsItIs = false;

  constructor(options: ObjectStoreOptions<T>) {
    this.#options = options;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  entries(): IterableIterator<[string, T]> {
    return this.#objects.entries();
  }

  /** The version up to which every change has been shown by a list or the watch. */
  get shown(): string {
    return this.#shown;
  }

  /** Whether this version of an object is one that could not be kept. */
  isRejected(key: string, resourceVersion: string | undefined): boolean {
    return resourceVersion !== undefined && this.#rejected.get(key) === resourceVersion;
  }

  /** Adds a handler; it is told at once of every object already known. The result removes it. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const [key, object] of this.#objects) this.#tell(handler, key, undefined, object, 'Initial');
    return () => this.#handlers.delete(handler);
  }

  /**
   * Takes what a write of this process returned. Left alone: what the watch has passed already (it may
   * have shown a later change or the deletion), and what the cache has newer. True when it was taken.
   */
  observe(object: KubeObject): boolean {
    const { resourceVersion } = object.metadata;
    const key = keyOf(object.metadata);
    if (!isNewer(resourceVersion, this.#shown)) return false;
    const known = this.#objects.get(key);
    if (known !== undefined && !isNewer(resourceVersion, known.metadata.resourceVersion)) return false;
    this.#keep(key, object, 'Own');
    return true;
  }

  /** Takes what the watch says. */
  put(object: KubeObject): void {
    this.#put(object, 'Watch');
  }

  /** Takes a deletion that the watch says. One of a version before the cached one is past already. */
  remove(object: KubeObject): void {
    const key = keyOf(object.metadata);
    const known = this.#objects.get(key);
    if (isOlder(object.metadata.resourceVersion, known?.metadata.resourceVersion)) return;
    this.#remove(key, 'Watch');
  }

  /** Notes that everything up to this version was shown. */
  shownUpTo(resourceVersion: string): void {
    this.#shown = resourceVersion;
  }

  /** Takes the next list as it is, also where the cache seems newer: what a repair needs. */
  distrust(): void {
    this.#takesListAsItIs = true;
  }

  /** Begins a list. Objects are kept as they come; deletions show when it is finished. */
  beginListing(): Listing {
    const present = new Set<string>();
    const origin: ChangeOrigin = this.#hasListed ? 'Relist' : 'Initial';
    return {
      put: (object) => {
        present.add(keyOf(object.metadata));
        this.#put(object, origin);
      },
      remove: (object) => this.remove(object),
      finish: (resourceVersion) => this.#finish(present, resourceVersion),
    };
  }

  #finish(present: ReadonlySet<string>, resourceVersion: string): 'Whole' | 'WentBack' {
    if (isOlder(resourceVersion, this.#shown) && !this.#takesListAsItIs) {
      this.#options.log.warn(
        { kind: this.#options.kind, resourceVersion, shown: this.#shown },
        'the versions of the API server went back, as after a restore: its list is taken as it is',
      );
      this.#takesListAsItIs = true;
      return 'WentBack';
    }
    for (const [key, object] of this.#objects) {
      if (present.has(key)) continue;
      // Only a write of ours can be newer than a list of the present.
      if (!this.#takesListAsItIs && isNewer(object.metadata.resourceVersion, resourceVersion)) continue;
      this.#remove(key, 'Relist');
    }
    for (const key of this.#rejected.keys()) if (!present.has(key)) this.#rejected.delete(key);
    this.#shown = resourceVersion;
    this.#hasListed = true;
    this.#takesListAsItIs = false;
    return 'Whole';
  }

  #put(object: KubeObject, origin: ChangeOrigin): void {
    const key = keyOf(object.metadata);
    const known = this.#objects.get(key)?.metadata;
    const { uid, resourceVersion } = object.metadata;
    if (known !== undefined && known.resourceVersion === resourceVersion && known.uid === uid) return;
    const isTakenAsItIs = this.#takesListAsItIs && origin !== 'Watch';
    if (!isTakenAsItIs && isOlder(resourceVersion, known?.resourceVersion)) return;
    this.#keep(key, object, origin);
  }

  #keep(key: string, object: KubeObject, origin: ChangeOrigin): void {
    const { log, kind } = this.#options;
    const before = this.#objects.get(key);
    let after: T;
    try {
      after = this.#trimmed(object);
    } catch (error) {
      this.#rejected.set(key, object.metadata.resourceVersion ?? '');
      log.error({ err: error, kind, key }, 'an object could not be kept');
      return;
    }
    this.#rejected.delete(key);
    this.#objects.set(key, after);
    for (const handler of this.#handlers) this.#tell(handler, key, before, after, origin);
  }

  #remove(key: string, origin: ChangeOrigin): void {
    this.#rejected.delete(key);
    const before = this.#objects.get(key);
    if (!this.#objects.delete(key)) return;
    for (const handler of this.#handlers) this.#tell(handler, key, before, undefined, origin);
  }

  #trimmed(object: KubeObject): T {
    const { transform } = this.#options;
    // Raw JSON of this kind: T says which of its fields are read.
    const raw = object as T;
    const kept = withoutManagedFields(transform?.(raw) ?? raw);
    const { uid, resourceVersion } = object.metadata;
    if (kept.metadata.resourceVersion !== resourceVersion || kept.metadata.uid !== uid) {
      throw new TypeError('the transform has to keep metadata.uid and metadata.resourceVersion');
    }
    return kept;
  }

  #tell(...[handler, key, before, after, origin]: [ChangeHandler<T>, ...Parameters<ChangeHandler<T>>]): void {
    try {
      handler(key, before, after, origin);
    } catch (error) {
      this.#options.log.error({ err: error, kind: this.#options.kind, key }, 'a change handler failed');
    }
  }
}

/** Rebuilt rather than edited: deleting the property would leave the object in V8's slow, larger form. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _dropped, ...metadata } = object.metadata;
  return { ...object, metadata };
}
