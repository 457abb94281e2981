import { z } from 'zod';

/**
 * A "language model" that follows rules: the first that fits the newest message gives the answer. What
 * it says and calls may use the pattern's groups as $1 or $<name>.
 */
export const ruleSchema = z
  .strictObject({
    /** Fits where the caller spoke last: a pattern of what was said, whatever the case of its letters. */
    hears: pattern().optional(),
    /** Fits where a tool answered last: a pattern of what it answered. */
    told: pattern().optional(),
    says: z.string().default(''),
    calls: z
      .array(z.strictObject({ name: z.string().min(1), arguments: z.record(z.string(), z.unknown()) }))
      .default([]),
  })
  .refine(({ hears, told }) => (hears === undefined) !== (told === undefined), {
    error: 'give exactly one of hears and told',
  });

export const rulesSchema = z.array(ruleSchema).min(1);

export type Rules = z.output<typeof rulesSchema>;

export interface RuleMessage {
  readonly role: string;
  readonly content: string;
}

export interface RuleAnswer {
  readonly says: string;
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
}

/** Where no rule fits, it says so; after a tool it says nothing more. */
export function answerByRules(rules: Rules, messages: readonly RuleMessage[]): RuleAnswer {
  const last = messages.at(-1);
  const afterTool = last?.role === 'tool';
  for (const { hears, told, says, calls } of rules) {
    const found = (afterTool ? told : hears)?.exec(last?.content ?? '');
    if (!found) continue;
    const fill = (text: string) => filledIn(text, found);
    return {
      says: fill(says),
      calls: calls.map(({ name, arguments: args }) => ({
        name,
        arguments: JSON.stringify(filled(args, fill)),
      })),
    };
  }
  return { says: afterTool ? '' : 'I am sorry, could you say that again please?', calls: [] };
}

function pattern() {
  return z.string().transform((source, context) => {
    try {
      return new RegExp(source, 'iu');
    } catch (error) {
      context.addIssue({ code: 'custom', message: `must be a pattern: ${(error as Error).message}` });
      return z.NEVER;
    }
  });
}

function filledIn(text: string, found: RegExpExecArray): string {
  return text.replaceAll(
    /\$(?:(\d)|<(\w+)>)/g,
    (_, digit: string | undefined, name: string | undefined) =>
      (name === undefined ? found[Number(digit)] : found.groups?.[name]) ?? '',
  );
}

function filled(args: Readonly<Record<string, unknown>>, fill: (text: string) => string): object {
  const entries = Object.entries(args).map(([key, value]) => [
    key,
    typeof value === 'string' ? fill(value) : value,
  ]);
  return Object.fromEntries(entries) as object;
}
