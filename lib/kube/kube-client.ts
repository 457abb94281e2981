import { hasReason, isExpired } from './kube-error.ts';
import type { KubeList, KubeObject, ObjectRef } from './kube-object.ts';
import { type KubeClientOptions, KubeRequests } from './kube-requests.ts';
import { apiVersionOf, collectionPath, objectPath, type Resource } from './resource.ts';
import { type WatchEvent, watchEvents } from './watch-events.ts';
import type { WriteFence } from './write-fence.ts';

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface PageOptions extends ListOptions {
  /** Most objects in a page. */
  readonly limit: number;
  /** The `metadata.continue` of the page before. */
  readonly continueFrom?: string | undefined;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers instead of answering 409. Default false. */
  readonly force?: boolean;
  readonly subresource?: 'status' | 'scale';
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions extends ListOptions {
  /**
   * After which version to begin. Absent: WatchList, which shows what there is first, each object as ADDED,
   * up to a bookmark that says so (see `endsInitialEvents`). Older servers refuse it as Invalid.
   */
  readonly resourceVersion?: string | undefined;
  /** After which the API server ends the watch by itself. */
  readonly timeoutSeconds: number;
  /** Each object comes with nothing but its metadata, where the server can do so. */
  readonly metadataOnly?: boolean;
}

/** What server-side apply is given: the manager's whole set of fields, no more. */
export type Applied = { readonly metadata: ObjectRef & Readonly<Record<string, unknown>> } & Readonly<
  Record<string, unknown>
>;

/** The size at which client-go pages too. */
const PAGE_SIZE = 500;
/** How often a list that takes too long for its snapshot is begun anew before that is an error. */
const LIST_ATTEMPTS = 3;

/** Asks for the metadata of a list's objects alone. A server that can't do so sends them whole. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** The same of the events of a watch. */
const METADATA_EVENTS = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** A list as it comes: Go writes a list of metadata without any object as null, not as []. */
type ListReply<T extends KubeObject> = Omit<KubeList<T>, 'items'> & { readonly items: readonly T[] | null };

/**
 * The API server over one pool of connections. Every method throws a KubeError when the request
 * fails and retries nothing: that is the caller's layer. An abort rejects with the signal's reason.
 */
export class KubeClient {
  readonly #options: KubeClientOptions;
  readonly #requests: KubeRequests;
  readonly #fenced: KubeClient[] = [];

  constructor(options: KubeClientOptions) {
    this.#options = options;
    this.#requests = new KubeRequests(options);
  }

  /**
   * A client whose writes leave only while the fence is held; otherwise they throw WriteFenced. It has
   * connections of its own, so that what renews the fence's lease waits for nobody, and is closed with
   * this one.
   */
  fencedBy(fence: WriteFence): KubeClient {
    const client = new KubeClient({ ...this.#options, fence });
    this.#fenced.push(client);
    return client;
  }

  /** The object, or undefined when there is none of that name. */
  async get<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return (await this.#call(resource, 'GET', objectPath(resource, ref), { signal })) as T;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** Every object of the kind, read page by page from one snapshot. */
  async list<T extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<KubeList<T>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#listOnce<T>(resource, options);
      } catch (error) {
        if (attempt >= LIST_ATTEMPTS || !isExpired(error)) throw error;
      }
    }
  }

  async listPage<T extends KubeObject>(resource: Resource, options: PageOptions): Promise<KubeList<T>> {
    return this.#page<T>(resource, options, 'application/json');
  }

  /** The same with nothing of each object but its metadata. */
  async listMetadataPage(resource: Resource, options: PageOptions): Promise<KubeList<KubeObject>> {
    return this.#page(resource, options, METADATA_ONLY);
  }

  /** POST: fails with reason `AlreadyExists` when the name is taken, so it can serve as a claim. */
  async create<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: { readonly fieldManager?: string; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const query = new URLSearchParams(
      options.fieldManager === undefined ? {} : { fieldManager: options.fieldManager },
    );
    const path = `${collectionPath(resource, object.metadata.namespace)}?${query.toString()}`;
    return (await this.#call(resource, 'POST', path, {
      contentType: 'application/json',
      body: object,
      signal: options.signal,
    })) as T;
  }

  /**
   * Server-side apply. `object` is all the fields that the manager wants: one it owned and leaves out
   * is removed. Creates what does not exist, unless `metadata.uid` is given.
   */
  async apply<T extends KubeObject>(resource: Resource, object: Applied, options: ApplyOptions): Promise<T> {
    const query = new URLSearchParams({ fieldManager: options.fieldManager });
    if (options.force === true) query.set('force', 'true');
    if (options.dryRun === true) query.set('dryRun', 'All');
    const path = `${objectPath(resource, object.metadata, options.subresource)}?${query.toString()}`;
    return (await this.#call(resource, 'PATCH', path, {
      contentType: 'application/apply-patch+yaml',
      body: { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind },
      signal: options.signal,
    })) as T;
  }

  /** JSON merge patch; with `metadata.resourceVersion` in it, fails with `Conflict` on a newer object. */
  async mergePatch<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
  ): Promise<T> {
    const query = new URLSearchParams({ fieldManager: options.fieldManager });
    const path = `${objectPath(resource, ref, options.subresource)}?${query.toString()}`;
    return (await this.#call(resource, 'PATCH', path, {
      contentType: 'application/merge-patch+json',
      body: patch,
      signal: options.signal,
    })) as T;
  }

  /**
   * Server-side apply of the whole `status`, forced: a status has one writer. With a uid, another object of
   * the name refuses it as `Invalid`: a uid may not be changed.
   */
  async patchStatus<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef & { readonly uid?: string | undefined },
    status: object,
    options: { readonly fieldManager: string; readonly signal?: AbortSignal },
  ): Promise<T> {
    return this.apply<T>(
      resource,
      { metadata: { ...ref }, status },
      { ...options, force: true, subresource: 'status' },
    );
  }

  /** Asks for deletion. False when there was nothing to delete. */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: options.propagation ?? 'Background',
      ...(options.preconditions === undefined ? {} : { preconditions: options.preconditions }),
    };
    try {
      await this.#call(resource, 'DELETE', objectPath(resource, ref), {
        contentType: 'application/json',
        body,
        signal: options.signal,
      });
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  /**
   * Opens a watch with bookmarks. Resolves when the API server has accepted it; the events end when
   * the server ends the watch. Its silence is bounded by nothing here: the caller aborts the signal.
   */
  async watch(resource: Resource, options: WatchOptions): Promise<AsyncGenerator<WatchEvent>> {
    const query = selectors(options);
    query.set('watch', 'true');
    query.set('allowWatchBookmarks', 'true');
    if (options.resourceVersion === undefined) {
      query.set('sendInitialEvents', 'true');
      query.set('resourceVersionMatch', 'NotOlderThan');
    } else {
      query.set('resourceVersion', options.resourceVersion);
    }
    query.set('timeoutSeconds', String(options.timeoutSeconds));
    const path = `${collectionPath(resource, options.namespace)}?${query.toString()}`;
    const { signal } = options;
    const accept = options.metadataOnly === true ? METADATA_EVENTS : 'application/json';
    return watchEvents(await this.#requests.stream(path, { accept, signal, gate: gateOf(resource) }), signal);
  }

  /** Any other request, for subresources such as `token`: JSON in, JSON out. */
  async post(path: string, body: object, signal?: AbortSignal): Promise<unknown> {
    return this.#requests.call('POST', path, { contentType: 'application/json', body, signal });
  }

  async close(): Promise<void> {
    await Promise.all([this.#requests.close(), ...this.#fenced.map((client) => client.close())]);
  }

  async #listOnce<T extends KubeObject>(resource: Resource, options: ListOptions): Promise<KubeList<T>> {
    const items: T[] = [];
    let continueFrom: string | undefined;
    for (;;) {
      const page = await this.listPage<T>(resource, { ...options, limit: PAGE_SIZE, continueFrom });
      for (const item of page.items) items.push(item);
      continueFrom = page.metadata.continue || undefined;
      if (continueFrom === undefined) return { metadata: page.metadata, items };
    }
  }

  async #page<T extends KubeObject>(
    resource: Resource,
    options: PageOptions,
    accept: string,
  ): Promise<KubeList<T>> {
    const query = selectors(options);
    query.set('limit', String(options.limit));
    if (options.continueFrom !== undefined) query.set('continue', options.continueFrom);
    const path = `${collectionPath(resource, options.namespace)}?${query.toString()}`;
    const page = (await this.#call(resource, 'GET', path, {
      accept,
      signal: options.signal,
    })) as ListReply<T>;
    // Items of a list come without the two fields that name their kind.
    const apiVersion = apiVersionOf(resource);
    const items = (page.items ?? []).map((item) => ({ ...item, apiVersion, kind: resource.kind }));
    return { ...page, items };
  }

  #call(resource: Resource, ...[method, path, options]: Parameters<KubeRequests['call']>): Promise<unknown> {
    return this.#requests.call(method, path, { ...options, gate: gateOf(resource) });
  }
}

function gateOf(resource: Resource): string {
  return `${resource.group}/${resource.plural}`;
}

function selectors(options: ListOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
  return query;
}
