/**
 * What a child is to its operator: which fields it owns whole, and the digest by which a child as it
 * is, as it was applied and as it is wanted are compared without keeping any of the three.
 */
import { hash } from 'node:crypto';
import type { ManagedFieldsEntry, OwnerReference } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';

const DIGEST_LENGTH = 22;

/** An object of which only some fields matter here: one of the API server's, or one we want. */
export type Fields = Readonly<Record<string, unknown>>;

export interface ChildKind {
  readonly resource: Resource;
  /**
   * The fields that the operator owns whole, at their own places: `({ spec }) => ({ spec })`, or
   * `({ type, data }) => ({ type, data })`. Asked of live and of desired objects alike.
   */
  readonly owned: (object: Fields) => Fields;
  /**
   * Whether one that differs in a field that may not be changed is deleted and made anew. False for
   * what holds something that would be lost with it: a volume, a namespace.
   */
  readonly replaceable: boolean;
}

/** The names that an operator gives to what it makes. */
export interface ChildNames {
  readonly fieldManager: string;
  /** On everything it makes; caches are selected by it. */
  readonly managedBy: { readonly label: string; readonly value: string };
  /** The annotation that keeps the digest of what was applied last: `example.org/applied-digest`. */
  readonly appliedDigest: string;
  /** Labels and annotations that begin with one of these are the operator's alone: `example.org/`. */
  readonly prefixes: readonly string[];
  /**
   * Owner references to kinds of this API group are the operator's alone: one that was taken away is put
   * back, or its child would never be collected as garbage. Absent: owner references are not compared.
   */
  readonly ownerGroup?: string;
}

/** The metadata that is read here; every object of the API server has it. */
export interface ChildMeta {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
}

/**
 * What of an object is the operator's: its owned fields, the labels and annotations of its prefixes, and
 * the owner references of its group.
 */
export function ownedPart(kind: ChildKind, names: ChildNames, object: Fields, metadata: ChildMeta): Fields {
  const ours = (entries: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(
      Object.entries(entries ?? {}).filter(([key]) => key !== names.appliedDigest && isOurs(names, key)),
    );
  const { labels, annotations } = metadata;
  const ownerReferences = ownReferences(names, metadata);
  return {
    ...kind.owned(object),
    metadata: { labels: ours(labels), annotations: ours(annotations), ownerReferences },
  };
}

/** Whether others may block the owner's deletion (`blockOwnerDeletion`) is left to them. */
function ownReferences(names: ChildNames, { ownerReferences }: ChildMeta): readonly Fields[] {
  return (ownerReferences ?? [])
    .filter((reference) => isOurReference(names, reference))
    .map(({ apiVersion, kind, name, uid, controller }) => ({ apiVersion, kind, name, uid, controller }))
    .toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
}

export function isOurReference({ ownerGroup }: ChildNames, { apiVersion }: OwnerReference): boolean {
  return ownerGroup !== undefined && apiVersion.startsWith(`${ownerGroup}/`);
}

export function isOurs(names: ChildNames, key: string): boolean {
  return names.prefixes.some((prefix) => key.startsWith(prefix));
}

/**
 * The first 132 bits of the SHA-256 of a value's canonical JSON, in base64url: 22 characters. Keys are sorted; null,
 * undefined and empty lists count as absent, as the API server drops them. An empty object counts: in a
 * NetworkPolicy it means everything.
 */
export function digestOf(value: unknown): string {
  return hash('sha256', canonicalJSON(value), 'base64url').slice(0, DIGEST_LENGTH);
}

/** Who wrote last to the object itself (not to its status) but was not us. */
export function changedBy(names: ChildNames, metadata: ChildMeta): string | undefined {
  const strangers = (metadata.managedFields ?? []).filter(
    ({ manager, subresource }) =>
      manager !== undefined && manager !== names.fieldManager && (subresource ?? '') === '',
  );
  return strangers.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1)?.manager;
}

/** Straight to text: this is asked of every child at every start, and sorted copies take as long again. */
function canonicalJSON(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJSON).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => !isAbsent(field))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJSON(field)}`);
  return `{${fields.join()}}`;
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}
