import type { DeleteOptions, ListOptions } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeList, KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';

interface Stored extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** The ConfigMaps of one namespace with the API server's rules for names and resourceVersions. */
export class FakeConfigMaps {
  readonly #objects = new Map<string, Stored>();
  #version = 0;
  /** Runs once, after the next create was answered: what another client does in between. */
  meanwhile: (() => void) | undefined;

  get names(): readonly string[] {
    return [...this.#objects.keys()];
  }

  drop(name: string): void {
    this.#objects.delete(name);
  }

  async get<T extends KubeObject>(_resource: unknown, { name }: ObjectRef): Promise<T | undefined> {
    return this.#objects.get(name) as T | undefined;
  }

  async list<T extends KubeObject>(_resource: unknown, options: ListOptions = {}): Promise<KubeList<T>> {
    const [label = '', value] = (options.labelSelector ?? '').split('=');
    const items = [...this.#objects.values()].filter((one) => one.metadata.labels?.[label] === value);
    return { metadata: {}, items: items as unknown as T[] };
  }

  async create<T extends KubeObject>(_resource: unknown, object: T): Promise<T> {
    const isTaken = this.#objects.has(object.metadata.name);
    if (!isTaken) this.#put(object);
    this.meanwhile?.();
    this.meanwhile = undefined;
    if (isTaken) throw new KubeError({ status: 409, reason: 'AlreadyExists', message: 'it is there' });
    return object;
  }

  async mergePatch<T extends KubeObject>(_resource: unknown, { name }: ObjectRef, patch: object): Promise<T> {
    const { metadata, data } = patch as Pick<Stored, 'metadata' | 'data'>;
    const found = this.#objects.get(name);
    if (found === undefined) throw new KubeError({ status: 404, reason: 'NotFound', message: 'it is gone' });
    this.#check(found, metadata.resourceVersion);
    const labels = { ...found.metadata.labels, ...metadata.labels };
    const merged = { ...found, metadata: { ...found.metadata, labels }, data: { ...found.data, ...data } };
    this.#put(merged);
    return merged as unknown as T;
  }

  async delete(_resource: unknown, { name }: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const found = this.#objects.get(name);
    if (found === undefined) return false;
    this.#check(found, options.preconditions?.resourceVersion);
    return this.#objects.delete(name);
  }

  #put(object: Stored): void {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#objects.set(object.metadata.name, { ...object, metadata });
  }

  #check(found: Stored, resourceVersion: string | undefined): void {
    if (resourceVersion === undefined || resourceVersion === found.metadata.resourceVersion) return;
    throw new KubeError({ status: 409, reason: 'Conflict', message: 'it is newer' });
  }
}
