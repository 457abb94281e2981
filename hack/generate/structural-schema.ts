import { z } from 'zod';

/** A node of an OpenAPI v3 schema as Kubernetes wants it. */
export interface StructuralSchema {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

/** What a node may have, in the order in which it is written. Anything else is a mistake of ours. */
const KEYS = [
  'description',
  'type',
  'format',
  'x-kubernetes-int-or-string',
  'enum',
  'default',
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
  'maxItems',
  'maxProperties',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
  'required',
  'properties',
  'items',
  'additionalProperties',
] as const satisfies readonly (keyof StructuralSchema)[];

type Node = Record<string, unknown>;

/**
 * The structural schema of a zod schema: what a manifest may say, with defaults. Throws where zod says
 * what Kubernetes cannot (unions other than int-or-string, an object without bounds, …).
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json: unknown = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    // A manifest is what comes in: fields with a default are not required of it.
    io: 'input',
    reused: 'inline',
    unrepresentable: 'throw',
    override: ({ jsonSchema }) => dropWhatKubernetesRefuses(jsonSchema as Node),
  });
  return ordered(json as Node, 'schema');
}

function dropWhatKubernetesRefuses(node: Node): void {
  // The bounds of an object's keys are zod's alone; Kubernetes knows maxProperties.
  delete node.propertyNames;
  if (node['x-kubernetes-int-or-string'] === true) {
    delete node.anyOf;
    delete node.type;
  }
  // Kubernetes checks date-time itself; zod's pattern for it is a page long.
  if (node.format === 'date-time') delete node.pattern;
}

function ordered(node: Node, path: string): StructuralSchema {
  const unknown = Object.keys(node).filter((key) => !(KEYS as readonly string[]).includes(key));
  if (unknown.length > 0) throw new Error(`${path}: Kubernetes refuses ${unknown.join(', ')}`);
  const result: Node = {};
  for (const key of KEYS) {
    const value = node[key];
    if (value === undefined) continue;
    if (key === 'properties') {
      const properties = Object.entries(value as Record<string, Node>);
      result[key] = Object.fromEntries(
        properties.map(([name, child]) => [name, ordered(child, `${path}.${name}`)]),
      );
    } else if (key === 'items' || key === 'additionalProperties') {
      result[key] = ordered(value as Node, `${path}.${key}`);
    } else {
      result[key] = value;
    }
  }
  assertBounded(result, path);
  return result;
}

/** CEL over an unbounded value is refused by the API server, and so is one here, wherever it stands. */
function assertBounded(node: StructuralSchema, path: string): void {
  const unbounded =
    (node.type === 'string' && !node.enum && !node.format && node.maxLength === undefined) ||
    (node.type === 'array' && node.maxItems === undefined) ||
    (node.additionalProperties && node.maxProperties === undefined) ||
    (node.type === 'integer' && (node.minimum === undefined || node.maximum === undefined));
  if (unbounded) throw new Error(`${path}: ${node.type} without a maximum`);
  if (node.type === 'number') throw new Error(`${path}: specs hold no floating-point numbers`);
}
