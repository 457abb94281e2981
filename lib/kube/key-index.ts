import type { Informer } from './informer.ts';
import type { KubeObject } from './kube-object.ts';

/** Finds the keys of an informer's objects by a value of theirs, without going through all of them. */
export class KeyIndex<T extends KubeObject> {
  readonly #keys = new Map<string, Set<string>>();

  /** `valueOf` gives the value an object is found by; undefined leaves it out. */
  constructor(informer: Pick<Informer<T>, 'onChange'>, valueOf: (object: T) => string | undefined) {
    informer.onChange((key, before, after) => {
      const old = before === undefined ? undefined : valueOf(before);
      const now = after === undefined ? undefined : valueOf(after);
      if (old === now) return;
      if (old !== undefined) this.#remove(old, key);
      if (now !== undefined) this.#add(now, key);
    });
  }

  /**
   * The keys of the objects with this value, in order: what is said of several objects must not depend on
   * when each was seen, or it would be said anew after every restart.
   */
  keys(value: string): readonly string[] {
    return [...(this.#keys.get(value) ?? [])].toSorted();
  }

  /** Every value that some object has. */
  values(): readonly string[] {
    return [...this.#keys.keys()];
  }

  count(value: string): number {
    return this.#keys.get(value)?.size ?? 0;
  }

  #add(value: string, key: string): void {
    const keys = this.#keys.get(value) ?? new Set();
    this.#keys.set(value, keys.add(key));
  }

  #remove(value: string, key: string): void {
    const keys = this.#keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(value);
  }
}
