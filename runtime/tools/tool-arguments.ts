import { z } from 'zod';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { ToolDefinition } from '#runtime/engines/language-model.ts';

export type TenantTool = TenantProfile['tools'][number];

/** The tenant's tools as a language model is told them. */
export function toolDefinitions(tools: readonly TenantTool[]): ToolDefinition[] {
  return tools.map((tool) => {
    const { $schema: _, ...parameters } = z.toJSONSchema(argumentsSchema(tool));
    return { name: tool.name, description: tool.description, parameters };
  });
}

/** What is wrong with the arguments of a call, for the model to read; undefined where they fit. */
export function wrongArguments(tool: TenantTool, given: unknown): string | undefined {
  const parsed = argumentsSchema(tool).safeParse(given, { reportInput: false });
  if (parsed.success) return undefined;
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  return `The arguments do not fit. ${problems.join('. ')}.`;
}

function argumentsSchema(tool: TenantTool) {
  const fields = tool.parameters.map((parameter) => [parameter.name, fieldSchema(parameter)] as const);
  return z.strictObject(Object.fromEntries(fields));
}

function fieldSchema(parameter: TenantTool['parameters'][number]): z.ZodType {
  const schema = valueSchema(parameter).describe(parameter.description);
  return parameter.required ? schema : schema.optional();
}

/** The choices of a Tenant are texts, whatever the type of the value. */
function valueSchema({ type, choices }: TenantTool['parameters'][number]): z.ZodType {
  if (type === 'Boolean') return z.boolean();
  if (type === 'String') return choices ? z.enum(choices) : z.string().max(MAX_TEXT_CHARACTERS);
  const numbers = (choices ?? []).map(Number).filter(Number.isFinite);
  if (choices) return z.literal(numbers);
  return type === 'Integer' ? z.int() : z.number();
}

/** More than a caller says in one breath, and small enough for any server. */
const MAX_TEXT_CHARACTERS = 2_000;
