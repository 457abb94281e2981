import type { KubeObject, ManagedFieldsEntry } from '#lib/kube/kube-object.ts';
import { at, type FieldPath, fieldsOf, isWithin } from './field-paths.ts';
import { isRecord, TENANT_SHAPE } from './field-shape.ts';

const SPEC = 'f:spec';
/** Where `kubectl apply` without `--server-side`, and Argo CD, keep the manifest that they applied. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields of the spec that an entry of managedFields owns. */
export function ownedFields(entry: ManagedFieldsEntry): Set<FieldPath> {
  const owned = new Set<FieldPath>();
  if (isRecord(entry.fieldsV1) && (entry.subresource ?? '') === '') collect(entry.fieldsV1[SPEC], '', owned);
  return owned;
}

function collect(node: unknown, path: FieldPath, into: Set<FieldPath>): void {
  if (!isRecord(node)) return;
  const steps = Object.entries(node);
  if (steps.length === 0) into.add(path);
  for (const [step, inner] of steps) {
    if (step === '.') into.add(path);
    else collect(inner, at(path, canonical(step)), into);
  }
}

/** Go escapes some characters in JSON that JavaScript does not. */
function canonical(step: string): string {
  return step.startsWith('f:') ? step : `${step.slice(0, 2)}${JSON.stringify(JSON.parse(step.slice(2)))}`;
}

/** An entry that owns these fields of the spec instead, and what it owned elsewhere. */
export function withOwnedFields(
  entry: ManagedFieldsEntry,
  owned: ReadonlySet<FieldPath>,
): ManagedFieldsEntry & { readonly fieldsV1: Readonly<Record<string, unknown>> } {
  const { [SPEC]: _before, ...elsewhere } = isRecord(entry.fieldsV1) ? entry.fieldsV1 : {};
  const fieldsV1 = owned.size === 0 ? elsewhere : { ...elsewhere, [SPEC]: treeOf(owned) };
  return { ...entry, fieldsV1 };
}

interface Tree {
  [step: string]: Tree;
}

function treeOf(owned: ReadonlySet<FieldPath>): Tree {
  const root: Tree = {};
  for (const path of owned) {
    let node = root;
    for (const step of path === '' ? [] : path.split('\n')) {
      node[step] ??= {};
      node = node[step];
    }
    node['.'] = {};
  }
  return withoutLoneDots(root);
}

/** A field without fields of its own is written `{}`, not `{".":{}}`. */
function withoutLoneDots(node: Tree): Tree {
  const steps = Object.entries(node);
  if (steps.length === 1 && node['.']) return {};
  return Object.fromEntries(
    steps.map(([step, inner]) => [step, step === '.' ? inner : withoutLoneDots(inner)]),
  );
}

/**
 * Whether a manager goes on wanting the fields that it set. Single commands of kubectl (edit, patch,
 * create …) have no such will, and neither has what the API server itself notes for an object that nobody had
 * applied before. `kubectl apply` has: the next one puts its manifest's values back.
 */
export function isLasting({ manager = '', operation }: ManagedFieldsEntry): boolean {
  if (operation === 'Apply') return true;
  if (manager === 'kubectl-client-side-apply') return true;
  return !manager.startsWith('kubectl-') && manager !== 'before-first-apply';
}

/** Which fields of the spec a lasting manager claims. */
export function claimOf(entry: ManagedFieldsEntry, tenant: KubeObject): (path: FieldPath) => boolean {
  const owned = ownedFields(entry);
  if (!isLasting(entry)) return () => false;
  const manifest = entry.operation === 'Update' ? lastApplied(tenant) : undefined;
  if (!manifest) return (path) => owned.has(path);
  // Who updates also owns the defaults that came with it, so only what the manifest states is claimed. It
  // puts lists back as a whole.
  const stated = statedFields(manifest).filter((field) => [...owned].some((path) => isWithin(path, field)));
  return (path) => stated.some((field) => isWithin(path, field));
}

function lastApplied(tenant: KubeObject): unknown {
  const text = tenant.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    const manifest: unknown = JSON.parse(text);
    return isRecord(manifest) ? manifest.spec : undefined;
  } catch {
    // Written by hand: then it says nothing of what anybody wants.
    return undefined;
  }
}

function statedFields(spec: unknown): FieldPath[] {
  const paths = fieldsOf(TENANT_SHAPE, spec)
    .filter(({ isLeaf }) => isLeaf)
    .map(({ path }) => {
      const steps = path.split('\n');
      const inList = steps.findIndex((step) => !step.startsWith('f:'));
      return inList < 0 ? path : steps.slice(0, inList).join('\n');
    });
  return [...new Set(paths)];
}
