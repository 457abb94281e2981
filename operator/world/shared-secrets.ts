import type { Informer } from '#lib/kube/informer.ts';
import { type KubeObject, refOf } from '#lib/kube/kube-object.ts';
import type { ChildCache } from '#operator/engine/child-cache.ts';
import { TENANT_KEYS, tenantNamespace } from '#operator/installation/names.ts';
import { refusalOf, type SharedSecret, secretNamesIn } from './secret-refusal.ts';

export interface SharedSecretsOptions {
  /** The Secrets of the operator's namespace that are labelled to be copied. */
  readonly sources: Informer<SharedSecret>;
  /** All Secrets that the operator made. */
  readonly copies: ChildCache;
  readonly runtimes: {
    list(): readonly (KubeObject & { readonly spec?: unknown })[];
    onChange(handler: () => void): unknown;
  };
  /** The operator's own. */
  readonly namespace: string;
}

const RESERVED: ReadonlySet<string> = new Set([TENANT_KEYS]);
const TENANTS_PREFIX = tenantNamespace('');

/** The Secrets that every tenant's namespace gets a copy of, and those of which copies are left over. */
export class SharedSecrets {
  readonly sources: Informer<SharedSecret>;
  readonly #runtimes: SharedSecretsOptions['runtimes'];
  readonly #namespace: string;
  /** Names of copies, with how many tenants' namespaces have one: what a lost source left is found by it. */
  readonly #copies = new Map<string, number>();
  #copied: readonly SharedSecret[] | undefined;

  constructor(options: SharedSecretsOptions) {
    this.sources = options.sources;
    this.#runtimes = options.runtimes;
    this.#namespace = options.namespace;
    const forget = () => {
      this.#copied = undefined;
    };
    options.sources.onChange(forget);
    options.runtimes.onChange(forget);
    options.copies.onChange((key, before, after) => {
      const { namespace, name } = refOf(key);
      if (name === TENANT_KEYS || namespace?.startsWith(TENANTS_PREFIX) !== true) return;
      const count =
        (this.#copies.get(name) ?? 0) + Number(after !== undefined) - Number(before !== undefined);
      if (count === 0) this.#copies.delete(name);
      else this.#copies.set(name, count);
    });
  }

  /** Those that are copied, in the order of their names. */
  get copied(): readonly SharedSecret[] {
    this.#copied ??= this.sources
      .list()
      .filter((secret) => this.refusal(secret) === undefined)
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return this.#copied;
  }

  /** Names of which some namespace has a copy although none is wanted. */
  get leftOver(): readonly string[] {
    const wanted = new Set(this.copied.map(({ metadata }) => metadata.name));
    return [...this.#copies.keys()].filter((name) => !wanted.has(name));
  }

  /** Why a labelled Secret is not copied; undefined when it is. */
  refusal(secret: SharedSecret): string | undefined {
    const own = this.#runtimes.list().filter(({ metadata }) => metadata.namespace === this.#namespace);
    const usedByRuntimes = new Set(own.flatMap(({ spec }) => secretNamesIn(spec)));
    return refusalOf(secret, { usedByRuntimes, reserved: RESERVED });
  }
}
