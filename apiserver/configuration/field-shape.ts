import { z } from 'zod';
import { tenantSpecSchema } from '#crds/tenant/tenant.ts';

/**
 * How server-side apply divides a value into fields of which each has owners: objects by name, lists of
 * type map by the keys of their entries, sets by value; everything else is one field.
 */
export type FieldShape =
  | { readonly kind: 'Value' }
  | { readonly kind: 'Object'; readonly fields: ReadonlyMap<string, FieldShape> }
  | { readonly kind: 'Entries'; readonly keys: readonly string[]; readonly entry: FieldShape }
  | { readonly kind: 'Set' }
  /** Of a field that a newer release's schema has and ours has not. */
  | { readonly kind: 'Unknown' };

const schemaNode = z.object({
  type: z.string().optional(),
  get properties() {
    return z.record(z.string(), schemaNode).optional();
  },
  get items() {
    return schemaNode.optional();
  },
  'x-kubernetes-list-type': z.enum(['map', 'set', 'atomic']).optional(),
  'x-kubernetes-list-map-keys': z.array(z.string()).optional(),
});

/** The shape of a Tenant's spec. */
export const TENANT_SHAPE: FieldShape = shapeOf(
  schemaNode.parse(z.toJSONSchema(tenantSpecSchema, { io: 'input' })),
);

function shapeOf(schema: z.output<typeof schemaNode>): FieldShape {
  if (schema.properties) {
    const fields = Object.entries(schema.properties);
    return { kind: 'Object', fields: new Map(fields.map(([name, field]) => [name, shapeOf(field)])) };
  }
  const listType = schema['x-kubernetes-list-type'];
  if (listType === 'set') return { kind: 'Set' };
  if (listType === 'map' && schema.items) {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    return { kind: 'Entries', keys: keys.toSorted(), entry: shapeOf(schema.items) };
  }
  return { kind: 'Value' };
}

/** The shape of a field of an object. */
export function shapeAt(shape: FieldShape, name: string): FieldShape {
  return (shape.kind === 'Object' ? shape.fields.get(name) : undefined) ?? { kind: 'Unknown' };
}

/** The shape of a list's entries. */
export function entryShapeOf(shape: FieldShape): FieldShape {
  return shape.kind === 'Entries' ? shape.entry : { kind: 'Unknown' };
}

/** The shape of an object that lacks a field. */
export function without(shape: FieldShape, name: string): FieldShape {
  if (shape.kind !== 'Object') return shape;
  return { kind: 'Object', fields: new Map([...shape.fields].filter(([field]) => field !== name)) };
}

/** Where `value` has fields that the shape does not know, as a request's problems name places. */
export function unknownFields(shape: FieldShape, value: unknown): (string | number)[][] {
  if (shape.kind === 'Object' && isRecord(value)) {
    return Object.entries(value).flatMap(([name, inner]) => {
      const field = shape.fields.get(name);
      return field ? below(name, unknownFields(field, inner)) : [[name]];
    });
  }
  if (shape.kind === 'Entries' && Array.isArray(value)) {
    return value.flatMap((entry, index) => below(index, unknownFields(shape.entry, entry)));
  }
  return [];
}

function below(step: string | number, paths: (string | number)[][]): (string | number)[][] {
  return paths.map((path) => [step, ...path]);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
