import type { PageOptions, WatchOptions } from '../kube-client.ts';
import { KubeError } from '../kube-error.ts';
import { type KubeList, type KubeObject, keyOf } from '../kube-object.ts';
import type { Resource } from '../resource.ts';
import type { WatchEvent } from '../watch-events.ts';

interface State {
  readonly version: number;
  readonly objects: ReadonlyMap<string, KubeObject>;
}

interface LoggedEvent extends WatchEvent {
  readonly version: number;
}

/**
 * An API server of one kind as a model: a log of events, and watches that hear of them only when told
 * to. Its faults are those of the world: cuts, compactions, refusals, skipped events, a restored etcd.
 */
export class ModelServer {
  #state: State = { version: 1, objects: new Map() };
  #log: LoggedEvent[] = [];
  #compacted = 0;
  #madeCount = 0;
  #watches: ModelWatch[] = [];
  #snapshots = new Map<string, { readonly state: State; readonly rest: readonly KubeObject[] }>();
  /** The statuses that the next requests fail with. */
  failures: number[] = [];
  knowsWatchList = true;

  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#state.objects;
  }

  /** Creates or updates; what the API server replies. */
  write(name: string): KubeObject {
    const version = this.#state.version + 1;
    const known = this.#state.objects.get(name);
    if (known === undefined) this.#madeCount += 1;
    const uid = known?.metadata.uid ?? `uid-${this.#madeCount}`;
    const object = objectOf({ name, uid, resourceVersion: String(version) });
    this.#commit(known === undefined ? 'ADDED' : 'MODIFIED', object, version);
    return object;
  }

  delete(name: string): void {
    const known = this.#state.objects.get(name);
    if (known === undefined) return;
    const version = this.#state.version + 1;
    const uid = known.metadata.uid ?? '';
    this.#commit('DELETED', objectOf({ name, uid, resourceVersion: String(version) }), version);
  }

  /** Sends each watch up to `count` of the events that it has not had. */
  deliver(count: number): void {
    for (const watch of this.#watches) watch.deliver(this.#log, count);
  }

  /** Each watch passes its next event over in silence. */
  skip(): void {
    for (const watch of this.#watches) watch.skip(this.#log);
  }

  /** Sends everything, and then a bookmark. */
  bookmark(): void {
    this.deliver(Number.POSITIVE_INFINITY);
    for (const watch of this.#watches) watch.bookmark(this.#state.version);
  }

  cut(error?: KubeError): void {
    for (const watch of this.#watches) watch.end(error);
    this.#watches = [];
  }

  /** Forgets the events so far, and the snapshots of lists under way. */
  compact(): void {
    this.#compacted = this.#state.version;
    this.#snapshots.clear();
  }

  save(): State {
    return this.#state;
  }

  /** The state goes back, and with it the versions; open watches go on, and wait for theirs. */
  restore(state: State): void {
    this.#state = state;
    this.#log = [];
    this.#compacted = Math.min(this.#compacted, state.version);
    this.#snapshots.clear();
  }

  async listPage(_resource: Resource, options: PageOptions): Promise<KubeList<KubeObject>> {
    this.#fail();
    const token = options.continueFrom;
    const snapshot =
      token === undefined
        ? { state: this.#state, rest: [...this.#state.objects.values()] }
        : this.#snapshots.get(token);
    if (snapshot === undefined) throw errorOf(410);
    const { state, rest } = snapshot;
    // Pages of two, so that a list takes several requests.
    const items = rest.slice(0, 2);
    const metadata = { resourceVersion: String(state.version) };
    if (rest.length <= 2) return { metadata, items };
    const next = `token-${this.#snapshots.size}-${state.version}-${rest.length}`;
    this.#snapshots.set(next, { state, rest: rest.slice(2) });
    return { metadata: { ...metadata, continue: next }, items };
  }

  listMetadataPage(resource: Resource, options: PageOptions): Promise<KubeList<KubeObject>> {
    return this.listPage(resource, options);
  }

  async watch(_resource: Resource, options: WatchOptions): Promise<AsyncGenerator<WatchEvent>> {
    this.#fail();
    const { resourceVersion, signal } = options;
    if (resourceVersion === undefined && !this.knowsWatchList) throw errorOf(422);
    if (resourceVersion !== undefined && Number(resourceVersion) < this.#compacted) throw errorOf(410);
    const watch = new ModelWatch(
      resourceVersion === undefined ? this.#state.version : Number(resourceVersion),
      resourceVersion === undefined ? initialEvents(this.#state) : [],
    );
    const abort = () => watch.end(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#watches.push(watch);
    return watch.events();
  }

  #commit(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject, version: number): void {
    const objects = new Map(this.#state.objects);
    if (type === 'DELETED') objects.delete(keyOf(object.metadata));
    else objects.set(keyOf(object.metadata), object);
    this.#state = { version, objects };
    this.#log.push({ type, object, version });
  }

  #fail(): void {
    const status = this.failures.shift();
    if (status !== undefined) throw errorOf(status);
  }
}

class ModelWatch {
  /** The version of the last event that was sent or skipped. */
  #at: number;
  #initial: WatchEvent[];
  #queue: WatchEvent[] = [];
  #end: { readonly error: unknown } | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(at: number, initial: WatchEvent[]) {
    this.#at = at;
    this.#initial = initial;
  }

  async *events(): AsyncGenerator<WatchEvent> {
    for (;;) {
      for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) yield event;
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  deliver(log: readonly LoggedEvent[], count: number): void {
    for (let sent = 0; sent < count; sent += 1) {
      const event = this.#initial.shift() ?? this.#next(log);
      if (event === undefined) return;
      this.#send(event);
    }
  }

  skip(log: readonly LoggedEvent[]): void {
    if (this.#initial.length === 0) this.#next(log);
  }

  bookmark(version: number): void {
    if (version < this.#at) return;
    this.#at = version;
    this.#send({ type: 'BOOKMARK', object: objectOf({ name: '', resourceVersion: String(version) }) });
  }

  end(error: unknown): void {
    this.#end ??= { error };
    this.#wake.resolve();
  }

  #next(log: readonly LoggedEvent[]): LoggedEvent | undefined {
    const event = log.find(({ version }) => version > this.#at);
    if (event !== undefined) this.#at = event.version;
    return event;
  }

  #send(event: WatchEvent): void {
    if (this.#end !== undefined) return;
    this.#queue.push(event);
    this.#wake.resolve();
  }
}

function initialEvents(state: State): WatchEvent[] {
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  return [
    ...[...state.objects.values()].map((object) => ({ type: 'ADDED' as const, object })),
    { type: 'BOOKMARK', object: objectOf({ name: '', resourceVersion: String(state.version), annotations }) },
  ];
}

function objectOf(metadata: KubeObject['metadata']): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

function errorOf(status: number): KubeError {
  const reason = { 410: 'Expired', 422: 'Invalid', 429: 'TooManyRequests' }[status] ?? 'InternalError';
  return new KubeError({
    status,
    reason,
    message: reason,
    retryAfterMs: status === 429 ? 3_000 : undefined,
  });
}
