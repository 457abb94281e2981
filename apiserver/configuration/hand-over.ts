import type { ManagedFieldsEntry } from '#lib/kube/kube-object.ts';
import { CONFIG_MANAGER } from './field-managers.ts';
import { type FieldPath, fieldsOf, readable } from './field-paths.ts';
import { TENANT_SHAPE } from './field-shape.ts';
import type { LiveTenant } from './live-tenant.ts';
import { ownedFields, withOwnedFields } from './managed-fields.ts';

/** Fields that somebody's single command had set, and that the configuration owns from now on. */
export interface Takeover {
  readonly manager: string;
  /** As people write them. */
  readonly fields: readonly string[];
}

/**
 * Fields that become the configuration's own before it is applied. Only an owner's apply can remove a
 * field, and an apply by force would take over no more than the values that it changes.
 */
export interface HandOver {
  readonly managedFields: readonly ManagedFieldsEntry[];
  readonly takeovers: readonly Takeover[];
}

/** The fields of the spec that the configuration owns. */
export function configFields(live: LiveTenant): ReadonlySet<FieldPath> {
  return ownedFields(configEntry(live) ?? {});
}

/** The entries of all other managers. */
export function othersOf(live: LiveTenant): readonly ManagedFieldsEntry[] {
  return entriesOf(live).filter(({ manager }) => manager !== CONFIG_MANAGER);
}

/** Where managedFields were taken away, the entry that the API server would make up at the next apply. */
function entriesOf(live: LiveTenant): readonly ManagedFieldsEntry[] {
  const { managedFields = [] } = live.metadata;
  if (managedFields.length > 0) return managedFields;
  const all = fieldsOf(TENANT_SHAPE, live.spec).map(({ path }) => path);
  return [withOwnedFields(newEntry(live, 'before-first-apply', 'Update'), new Set(all))];
}

/** Hands over what others have updated among the fields that are ours; undefined where there is nothing. */
export function handOverOf(live: LiveTenant, isOurs: (path: FieldPath) => boolean): HandOver | undefined {
  const entries = entriesOf(live);
  const owners = entries
    .filter(({ manager, operation }) => manager !== CONFIG_MANAGER && operation === 'Update')
    .map((entry) => ({ entry, paths: [...ownedFields(entry)].filter(isOurs) }))
    .filter(({ paths }) => paths.length > 0);
  if (owners.length === 0) return undefined;
  const moved = new Set(owners.flatMap(({ paths }) => paths));
  const own = configEntry(live) ?? newEntry(live, CONFIG_MANAGER, 'Apply');
  const updaters = new Set(owners.map(({ entry }) => entry));
  const rest = entries.filter((entry) => entry !== own && !updaters.has(entry));
  return {
    managedFields: [
      withOwnedFields(own, configFields(live).union(moved)),
      ...rest,
      ...[...updaters].flatMap((entry) => remainderOf(entry, moved)),
    ],
    takeovers: owners.map(({ entry, paths }) => ({
      manager: entry.manager ?? '',
      fields: namesOf(live, new Set(paths)),
    })),
  };
}

function configEntry(live: LiveTenant): ManagedFieldsEntry | undefined {
  return live.metadata.managedFields?.find(
    ({ manager, operation, subresource }) =>
      manager === CONFIG_MANAGER && operation === 'Apply' && (subresource ?? '') === '',
  );
}

function newEntry(
  { apiVersion }: LiveTenant,
  manager: string,
  operation: 'Apply' | 'Update',
): ManagedFieldsEntry {
  return { manager, operation, apiVersion, fieldsType: 'FieldsV1' };
}

/** The entry without what it handed over; none where that was all. */
function remainderOf(entry: ManagedFieldsEntry, moved: ReadonlySet<FieldPath>): ManagedFieldsEntry[] {
  const rest = withOwnedFields(entry, ownedFields(entry).difference(moved));
  return Object.keys(rest.fieldsV1).length === 0 ? [] : [rest];
}

/** The single values among these fields. */
function namesOf(live: LiveTenant, paths: ReadonlySet<FieldPath>): string[] {
  return fieldsOf(TENANT_SHAPE, live.spec)
    .filter(({ path, isLeaf }) => isLeaf && paths.has(path))
    .map(({ path }) => readable(path));
}
