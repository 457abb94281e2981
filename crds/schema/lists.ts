import { z } from 'zod';

/**
 * Lists and maps as Kubernetes knows them. A named list merges by its keys, so that several managers
 * can own entries of one list under server-side apply; a set merges by value; an atomic list is
 * replaced whole.
 */

/** A list of at most `max` items, of which no two have the same values under `keys`. */
export function namedList<S extends z.ZodObject>(
  item: S,
  { keys, max }: { keys: readonly (keyof S['shape'] & string)[]; max: number },
) {
  return z
    .array(item)
    .max(max)
    .refine((items) => allDiffer(items.map((entry) => keys.map((key) => entry[key]))), {
      error: `no two entries may have the same ${keys.join(' and ')}`,
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
}

/** At most `max` different single values. */
export function setOf<S extends z.ZodType<string>>(item: S, max: number) {
  return z
    .array(item)
    .max(max)
    .refine(allDiffer, { error: 'no value may stand twice' })
    .meta({ 'x-kubernetes-list-type': 'set' });
}

/** At most `max` values whose order matters. */
export function atomicList<S extends z.ZodType>(item: S, max: number) {
  return z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'atomic' });
}

/** At most `max` values under free names. */
export function mapOf<S extends z.ZodType>(value: S, max: number) {
  return z
    .record(z.string().max(253), value)
    .refine((entries) => Object.keys(entries).length <= max, { error: `at most ${max} entries` })
    .meta({ maxProperties: max });
}

function allDiffer(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size === values.length;
}
