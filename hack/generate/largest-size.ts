import type { StructuralSchema } from './structural-schema.ts';

/**
 * The most characters that a value of this schema can have as JSON, escapes left aside: the sum of
 * every bound in it. What a rule bounds further (all knowledge together) is not seen here.
 */
export function largestSize(schema: StructuralSchema): number {
  const name = (key: string) => key.length + '"":,'.length;
  if (schema.properties) {
    const fields = Object.entries(schema.properties);
    return 2 + fields.reduce((sum, [key, field]) => sum + name(key) + largestSize(field), 0);
  }
  if (schema.items) return 2 + (schema.maxItems ?? Infinity) * (1 + largestSize(schema.items));
  if (schema.additionalProperties) {
    // Keys are at most 253 characters, as Kubernetes' own names are.
    return 2 + (schema.maxProperties ?? Infinity) * (253 + 4 + largestSize(schema.additionalProperties));
  }
  if (schema.enum) return 2 + Math.max(...schema.enum.map((value) => value.length));
  if (schema.type === 'string') return 2 + (schema.maxLength ?? 32);
  if (schema.type === 'boolean') return 5;
  return 2 + Math.max(schema.maxLength ?? 0, String(schema.maximum ?? 1_000_000_000).length);
}
