import { systemClock } from '#lib/clock/clock.ts';
import { Informer, type InformerOptions } from '#lib/kube/informer.ts';
import { type KubeObject, keyOf, type ObjectMeta } from '#lib/kube/kube-object.ts';
import { apiVersionOf } from '#lib/kube/resource.ts';
import type { Logger } from '#lib/log/logger.ts';
import {
  type ChildKind,
  type ChildNames,
  changedBy,
  digestOf,
  type Fields,
  ownedPart,
} from './child-kind.ts';
import { ContestedChildren } from './contested-children.ts';
import { ServerHabits } from './server-habits.ts';

/** What is kept of a child: 370 bytes with its key, whatever its size (measured with 90,000). */
export interface CachedChild extends KubeObject {
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace' | 'uid' | 'resourceVersion' | 'deletionTimestamp'>;
  /** What the child was made for, as the cache's `owner` says. */
  readonly owner: string | undefined;
  /** Of what is there now. */
  readonly digest: string;
  /** Of what was applied last; undefined when the annotation is missing. */
  readonly appliedDigest: string | undefined;
  /** The field manager that wrote last but us; only there while the child is altered. */
  readonly changedBy?: string;
}

export interface ChildCacheOptions
  extends Pick<InformerOptions<CachedChild>, 'client' | 'log' | 'clock' | 'onRelist' | 'onVerified'> {
  readonly kind: ChildKind;
  readonly names: ChildNames;
  /** Names what a child was made for, from its metadata: the value of a label is the rule. */
  readonly owner?: ((metadata: ObjectMeta) => string | undefined) | undefined;
  /** Narrows the cache to a family of our children: a label selector beside the one that marks them ours. */
  readonly family?: string | undefined;
}

/** What is the operator's of a child as it is wanted, and the digest of that. */
export interface Wanted {
  readonly part: Fields;
  readonly digest: string;
}

/**
 * Whether the child differs from what was applied: somebody else changed it, or the API server makes
 * something else of it. A status does not count.
 */
export function isAltered(child: CachedChild): boolean {
  return child.digest !== child.appliedDigest;
}

/** All children of one kind that this operator made, kept as digests. */
export class ChildCache extends Informer<CachedChild> {
  readonly kind: ChildKind;
  readonly names: ChildNames;
  /** Which children somebody else keeps changing. */
  readonly contested: ContestedChildren;
  readonly #log: Logger;
  readonly #trim: (object: KubeObject) => CachedChild;
  readonly #habits = new ServerHabits();

  constructor(options: ChildCacheOptions) {
    const { kind, names, owner, family, ...rest } = options;
    const ours = `${names.managedBy.label}=${names.managedBy.value}`;
    const trim = (object: KubeObject) => trimmed(object, { kind, names, owner });
    super({
      ...rest,
      resource: kind.resource,
      select: { labelSelector: family === undefined ? ours : `${ours},${family}` },
      transform: trim,
    });
    this.kind = kind;
    this.names = names;
    this.contested = new ContestedChildren(options.clock ?? systemClock);
    this.#log = options.log;
    this.#trim = trim;
  }

  /** An object of the API server as this cache would keep it. */
  trim(object: KubeObject): CachedChild {
    return this.#trim(object);
  }

  /** Whether the child is as it is wanted, as far as that can be had. */
  isAsWanted(child: CachedChild, { digest, part }: Wanted): boolean {
    if (child.appliedDigest !== digest) return false;
    return child.digest === digest || this.#habits.explain(part, child.digest);
  }

  /** Takes over what came of a write, so that the next look needs no request; as this cache keeps it. */
  take(live: KubeObject, wanted: Wanted): CachedChild {
    this.observe(live);
    const kept = this.get(keyOf(live.metadata));
    const isTaken = kept?.metadata.resourceVersion === live.metadata.resourceVersion;
    const child = kept !== undefined && isTaken ? kept : this.trim(live);
    if (child.digest === wanted.digest) return child;
    const got = ownedPart(this.kind, this.names, live as unknown as Fields, live.metadata);
    if (this.#habits.learn(wanted.part, got)) {
      const kind = this.kind.resource.kind;
      const key = keyOf(live.metadata);
      this.#log.warn({ kind, key }, 'the API server keeps a child different from what was written');
    }
    return child;
  }
}

/** More than ten thousand owners with as many namespaces. */
const MAX_SHARED = 32_768;
const shared = new Map<string, string>();

/**
 * One string for all that are equal, in all caches: every object of a list brings its own copy of the
 * namespace, name and owner that thousands have. A quarter of what a child takes.
 */
function share<S extends string | undefined>(text: S): S {
  if (text === undefined) return text;
  const known = shared.get(text);
  if (known !== undefined) return known as S;
  if (shared.size >= MAX_SHARED) shared.clear();
  shared.set(text, text);
  return text;
}

function trimmed(
  object: KubeObject,
  { kind, names, owner }: Pick<ChildCacheOptions, 'kind' | 'names' | 'owner'>,
): CachedChild {
  const { name, namespace, uid, resourceVersion, deletionTimestamp } = object.metadata;
  // Raw JSON of the API server; the kind says which of its fields are read.
  const digest = digestOf(ownedPart(kind, names, object as unknown as Fields, object.metadata));
  const applied = object.metadata.annotations?.[names.appliedDigest];
  const by = applied === digest ? undefined : changedBy(names, object.metadata);
  // No spread: V8 leaves room in what it makes, and there are ninety thousand of these.
  const meta = { name: share(name), namespace: share(namespace), uid, resourceVersion };
  const child = {
    apiVersion: share(apiVersionOf(kind.resource)),
    kind: kind.resource.kind,
    metadata: deletionTimestamp === undefined ? meta : { ...meta, deletionTimestamp },
    owner: share(owner?.(object.metadata)),
    digest,
    // One string for both is half the memory.
    appliedDigest: applied === digest ? digest : applied,
  };
  return by === undefined ? child : { ...child, changedBy: by };
}
