import type { Clock } from '#lib/clock/clock.ts';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { KubeClient } from './kube-client.ts';
import { type KubeObject, keyOf, type ObjectMeta } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import type { Selection } from './reflector.ts';
import type { Resource } from './resource.ts';
import { isNewer, isOlder } from './resource-version.ts';

export interface VerifyPassOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'listMetadataPage'>;
  readonly resource: Resource;
  readonly select: Selection | undefined;
  readonly store: ObjectStore<T>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** The next pass comes after once to twice this. */
  readonly intervalMs: number;
  /** Told how many objects the watch missed, at the end of each pass: 0 is the rule. */
  readonly onVerified: (missed: number) => void;
  /** Lists the kind again and takes the list as it is. */
  readonly relist: () => void;
}

const PAGE_SIZE = 500;
/** How long the watch is waited for at each try, and how often: bookmarks come about once a minute. */
const GRACE_MS = 5_000;
const GRACES = 24;

/** `uid/resourceVersion` of an object; undefined where there is none. */
type Version = string | undefined;

interface Difference {
  readonly listed: ObjectMeta | undefined;
  readonly cached: ObjectMeta | undefined;
}

interface Look {
  /** At which the list stood. */
  readonly resourceVersion: string;
  readonly differences: ReadonlyMap<string, Difference>;
}

/**
 * Compares the cache with a list of metadata every some minutes, because a watch that silently skips a
 * change is seen by nothing else. What differs at once may be on its way: it counts as missed when it
 * differs in the same way at a second look, after the watch has claimed to have shown the first list.
 */
export class VerifyPass<T extends KubeObject> {
  readonly #options: VerifyPassOptions<T>;

  constructor(options: VerifyPassOptions<T>) {
    this.#options = options;
  }

  /** A pass after each interval; ends when the signal aborts. */
  async run(): Promise<void> {
    const { clock, random, signal, intervalMs, log, resource } = this.#options;
    while (!signal.aborted) {
      try {
        await clock.sleep(intervalMs * (1 + random()), signal);
        await this.#verify();
      } catch (error) {
        if (signal.aborted) return;
        const isFault = !(error instanceof OperatingError);
        log[isFault ? 'error' : 'info'](
          isFault ? { kind: resource.kind, err: error } : { kind: resource.kind, reason: messageOf(error) },
          'a cache could not be verified this time',
        );
      }
    }
  }

  async #verify(): Promise<void> {
    const { store, onVerified } = this.#options;
    const shownBefore = store.shown;
    const first = await this.#look();
    // A watch from a version that the server has not reached yet stays silent for ever.
    if (isOlder(first.resourceVersion, shownBefore)) return this.#repair([...first.differences.keys()]);
    if (first.differences.size === 0) return onVerified(0);
    if (!(await this.#waitUntilShown(first.resourceVersion))) return;
    const second = await this.#look();
    const missed = [...second.differences].filter(([key, now]) => {
      const before = first.differences.get(key);
      return before !== undefined && this.#isMissed(before, now, [first, second]);
    });
    if (missed.length > 0) this.#repair(missed.map(([key]) => key));
    else onVerified(0);
  }

  #repair(keys: readonly string[]): void {
    const { log, resource, onVerified, relist } = this.#options;
    log.warn(
      { kind: resource.kind, missed: keys.length, keys: keys.slice(0, 10) },
      'the watch missed changes: the kind is listed again',
    );
    onVerified(keys.length);
    relist();
  }

  /** False when the watch says nothing for too long: then it is the silent one, and is begun again anyway. */
  async #waitUntilShown(resourceVersion: string): Promise<boolean> {
    const { clock, signal, store } = this.#options;
    for (let grace = 0; grace < GRACES; grace += 1) {
      await clock.sleep(GRACE_MS, signal);
      if (!isOlder(store.shown, resourceVersion)) return true;
    }
    return false;
  }

  #isMissed(before: Difference, now: Difference, [first, second]: readonly [Look, Look]): boolean {
    if (versionOf(before.cached) !== versionOf(now.cached)) return false;
    const { listed, cached } = now;
    // Changed since the watch's last word: still on its way.
    if (listed !== undefined) return !isNewer(listed.resourceVersion, this.#options.store.shown);
    const version = cached?.resourceVersion;
    // A write of ours between the two looks, deleted since, is on its way too.
    return !isNewer(version, first.resourceVersion) || isNewer(version, second.resourceVersion);
  }

  async #look(): Promise<Look> {
    const { client, resource, select, store, signal } = this.#options;
    const differences = new Map<string, Difference>();
    const matched = new Set<T>();
    let continueFrom: string | undefined;
    let resourceVersion: string;
    do {
      const options = { ...select, limit: PAGE_SIZE, continueFrom, signal };
      const page = await client.listMetadataPage(resource, options);
      for (const { metadata: listed } of page.items) {
        const key = keyOf(listed);
        const object = store.get(key);
        if (object !== undefined) matched.add(object);
        if (versionOf(object?.metadata) === versionOf(listed)) continue;
        if (store.isRejected(key, listed.resourceVersion)) continue;
        differences.set(key, { listed: bare(listed), cached: object?.metadata });
      }
      resourceVersion = page.metadata.resourceVersion ?? '0';
      continueFrom = page.metadata.continue || undefined;
    } while (continueFrom !== undefined);
    for (const [key, object] of store.entries()) {
      if (!matched.has(object)) differences.set(key, { listed: undefined, cached: object.metadata });
    }
    return { resourceVersion, differences };
  }
}

function versionOf(metadata: ObjectMeta | undefined): Version {
  return metadata === undefined ? undefined : `${metadata.uid}/${metadata.resourceVersion}`;
}

function bare({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return { name, namespace, uid, resourceVersion };
}
