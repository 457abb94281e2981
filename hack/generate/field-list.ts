import type { StructuralSchema } from './structural-schema.ts';

/** The fields of a schema as a nested list: name, type, default, bounds, description. */
export function fieldList(schema: StructuralSchema): string {
  return lines(schema, 0).join('\n');
}

/** Every rule in a schema with the path where it holds, in the order of the fields. */
export function rulesOf(schema: StructuralSchema, at: string): { at: string; message: string }[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => ({ at, message }));
  const deeper = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    rulesOf(child, `${at}.${name}`),
  );
  const items = schema.items ? rulesOf(schema.items, `${at}[]`) : [];
  const values = schema.additionalProperties ? rulesOf(schema.additionalProperties, `${at}.*`) : [];
  // A value's own form ("must be …") stands with its field in the list above.
  return [...own, ...deeper, ...items, ...values].filter(({ message }) => !message.startsWith('must be'));
}

function lines(schema: StructuralSchema, depth: number): string[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const facts = [typeOf(field), ...(required.has(name) ? ['**required**'] : []), ...boundsOf(field)];
    const line = `${'  '.repeat(depth)}- \`${name}\` (${facts.join(', ')})${field.description ? `: ${field.description}` : ''}`;
    return [line, ...lines(inside(field), depth + 1)];
  });
}

/** What a reader finds one level deeper: the fields of an object, or of the items of a list. */
function inside(field: StructuralSchema): StructuralSchema {
  return field.items ?? field.additionalProperties ?? field;
}

function typeOf(field: StructuralSchema): string {
  if (field['x-kubernetes-int-or-string']) return field.pattern ? 'quantity' : 'whole number or `Unlimited`';
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(' \\| ');
  if (field.items) {
    const keys = field['x-kubernetes-list-map-keys']?.map((key) => `\`${key}\``).join(' and ');
    const kind = field['x-kubernetes-list-type'] === 'set' ? 'set' : 'list';
    return `${kind} of ${plural(field.items)}${keys ? ` by ${keys}` : ''}`;
  }
  if (field.additionalProperties) return `map of ${plural(field.additionalProperties)}`;
  return field.format ?? field.type ?? 'any';
}

function plural(item: StructuralSchema): string {
  if (item.enum) return item.enum.map((value) => `\`${value}\``).join(' \\| ');
  if (item['x-kubernetes-int-or-string']) return 'quantities';
  return `${item.type}s`;
}

function boundsOf(field: StructuralSchema): string[] {
  const facts: string[] = [];
  if (field.maxLength !== undefined && !field['x-kubernetes-int-or-string']) {
    facts.push(`≤ ${grouped(field.maxLength)} characters`);
  }
  if (field.minimum !== undefined && field.maximum !== undefined) {
    const open = field.maximum === Number.MAX_SAFE_INTEGER;
    facts.push(open ? `≥ ${grouped(field.minimum)}` : `${grouped(field.minimum)}–${grouped(field.maximum)}`);
  }
  if (field.maxItems !== undefined) facts.push(`≤ ${grouped(field.maxItems)} entries`);
  if (field.maxProperties !== undefined) facts.push(`≤ ${grouped(field.maxProperties)} entries`);
  if (field.items?.maxLength !== undefined) facts.push(`each ≤ ${grouped(field.items.maxLength)} characters`);
  const form = (field['x-kubernetes-validations'] ?? field.items?.['x-kubernetes-validations'])?.find(
    ({ message }) => message.startsWith('must be'),
  );
  if (form && !field['x-kubernetes-int-or-string']) facts.push(form.message);
  if (field.default !== undefined) facts.push(`default ${defaultText(field.default)}`);
  return facts;
}

/** An empty object as default means that the defaults inside it hold. */
function defaultText(value: unknown): string {
  return JSON.stringify(value) === '{}' ? 'as below' : `\`${JSON.stringify(value)}\``;
}

function grouped(amount: number): string {
  return amount.toLocaleString('en-US');
}
