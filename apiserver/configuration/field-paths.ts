import { type FieldShape, isRecord, shapeAt } from './field-shape.ts';

/**
 * A field's place below `spec`, written as managedFields do it: steps `f:name`, `k:{"name":"x"}` and
 * `v:"x"`, one a line. No step contains a line break: JSON escapes it.
 */
export type FieldPath = string;

/** One field of a value. A leaf is what one owner can own by itself: a single value, or an empty container. */
export interface Field {
  readonly path: FieldPath;
  /** As JSON; undefined for objects and lists, whose content is in their own fields. */
  readonly json: string | undefined;
  readonly isLeaf: boolean;
}

export function at(path: FieldPath, step: string): FieldPath {
  return path === '' ? step : `${path}\n${step}`;
}

/** Whether `path` is `other` or below it. */
export function isWithin(path: FieldPath, other: FieldPath): boolean {
  return path === other || path.startsWith(`${other}\n`);
}

/** Every field of a value, containers before what they contain. */
export function fieldsOf(shape: FieldShape, value: unknown, path: FieldPath = ''): Field[] {
  if (value === undefined) return [];
  const parts = partsOf(shape, value, path);
  if (!parts) return [{ path, json: JSON.stringify(value), isLeaf: true }];
  return [
    { path, json: undefined, isLeaf: parts.length === 0 },
    ...parts.flatMap((part) => fieldsOf(part.shape, part.value, part.path)),
  ];
}

interface Part {
  readonly shape: FieldShape;
  readonly value: unknown;
  readonly path: FieldPath;
}

/** What a container contains; undefined for what is a single field. */
function partsOf(shape: FieldShape, value: unknown, path: FieldPath): Part[] | undefined {
  if (shape.kind === 'Object' && isRecord(value)) {
    return Object.entries(value).flatMap(([name, inner]) =>
      inner === undefined
        ? []
        : [
            {
              shape: shapeAt(shape, name),
              value: inner,
              path: at(path, `f:${name}`),
            },
          ],
    );
  }
  if (shape.kind === 'Entries' && Array.isArray(value)) {
    return value.map((entry: unknown) => ({
      shape: shape.entry,
      value: entry,
      path: at(path, keyStep(shape.keys, entry)),
    }));
  }
  if (shape.kind === 'Set' && Array.isArray(value)) {
    return value.map((entry: unknown) => ({
      shape: { kind: 'Value' },
      value: entry,
      path: at(path, `v:${JSON.stringify(entry)}`),
    }));
  }
  return undefined;
}

/** The step to an entry of a list of type map. */
function keyStep(keys: readonly string[], entry: unknown): string {
  return `k:${JSON.stringify(keysOf(keys, entry))}`;
}

function keysOf(keys: readonly string[], entry: unknown): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, isRecord(entry) ? entry[key] : undefined]));
}

/** The fields that are there, gone or different in `after`, in the order in which they appear. */
export function changedFields(shape: FieldShape, before: unknown, after: unknown): FieldPath[] {
  const old = new Map(fieldsOf(shape, before).map(({ path, json }) => [path, json]));
  const now = new Map(fieldsOf(shape, after).map(({ path, json }) => [path, json]));
  const paths = new Set([...old.keys(), ...now.keys()]);
  // The empty path is the value itself, which is no field.
  paths.delete('');
  return [...paths].filter((path) => !old.has(path) || !now.has(path) || old.get(path) !== now.get(path));
}

/**
 * What of a value these owned fields are: what their manager has to apply to keep them. Undefined where
 * it owns nothing of it. Entries of lists always carry their keys.
 */
export function ownedPart(
  shape: FieldShape,
  value: unknown,
  owned: ReadonlySet<FieldPath>,
  path: FieldPath = '',
): unknown {
  if (value === undefined) return undefined;
  if (shape.kind === 'Unknown') {
    return [...owned].some((field) => isWithin(field, path)) ? value : undefined;
  }
  const parts = partsOf(shape, value, path);
  if (!parts) return owned.has(path) ? value : undefined;
  const kept = parts.flatMap((part) => {
    const inner = ownedPart(part.shape, part.value, owned, part.path);
    return inner === undefined ? [] : [{ part, inner }];
  });
  if (kept.length === 0 && !owned.has(path)) return undefined;
  if (shape.kind === 'Object') {
    return Object.fromEntries(kept.map(({ part, inner }) => [lastStep(part.path).slice(2), inner]));
  }
  if (shape.kind !== 'Entries') return kept.map(({ inner }) => inner);
  return kept.map(({ part, inner }) => ({ ...keysOf(shape.keys, part.value), ...(inner as object) }));
}

function lastStep(path: FieldPath): string {
  return path.slice(path.lastIndexOf('\n') + 1);
}

/** A path as people write it: `workflows[lead-capture].enabled`. Names may be any text; control characters are left out. */
export function readable(path: FieldPath): string {
  return path
    .split('\n')
    .map((step) => {
      const rest = step.slice(2);
      if (step.startsWith('f:')) return `.${rest}`;
      const value: unknown = JSON.parse(rest);
      return `[${isRecord(value) ? Object.values(value).map(String).join(' ') : String(value)}]`;
    })
    .join('')
    .slice(1)
    .replace(/\p{Cc}/gu, '');
}
