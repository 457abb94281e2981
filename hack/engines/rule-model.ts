import { z } from 'zod';

/**
 * A "language model" that follows rules: the first that fits the newest message, and what it was told to know, gives
 * the answer. What it says and calls may use the patterns' groups as $1 or $<name>.
 */
export const ruleSchema = z
  .strictObject({
    /** Fits where the caller spoke last: a pattern of what was said, whatever the case of its letters. */
    hears: pattern().optional(),
    /** Fits where a tool answered last: a pattern of what it answered. */
    told: pattern().optional(),
    /** And where the instructions hold this, such as that a question is still open. */
    knows: pattern().optional(),
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

export interface RuleCall {
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

/** A part of an answer: words, or the call of a tool. */
export type AnswerPart = string | RuleCall;

/** Where no rule fits, it says so; after a tool it says nothing more. */
export function answerByRules(rules: Rules, messages: readonly RuleMessage[]): AnswerPart[] {
  const last = messages.at(-1);
  const afterTool = last?.role === 'tool';
  const instructions = messages.find(({ role }) => role === 'system')?.content ?? '';
  for (const { hears, told, knows, says, calls } of rules) {
    const found = (afterTool ? told : hears)?.exec(last?.content ?? '');
    const known = knows?.exec(instructions);
    if (!found || known === null) continue;
    const fill = (text: string) => filledIn(text, found, known);
    return [
      ...(says === '' ? [] : [fill(says)]),
      ...calls.map(({ name, arguments: args }) => ({ name, arguments: JSON.stringify(filled(args, fill)) })),
    ];
  }
  return afterTool ? [] : ['I am sorry, could you say that again please?'];
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

function filledIn(text: string, found: RegExpExecArray, known: RegExpExecArray | undefined): string {
  return text.replaceAll(
    /\$(?:(\d)|<(\w+)>)/g,
    (_, digit: string | undefined, name: string | undefined) =>
      (name === undefined ? found[Number(digit)] : (found.groups?.[name] ?? known?.groups?.[name])) ?? '',
  );
}

function filled(args: Readonly<Record<string, unknown>>, fill: (text: string) => string): object {
  const entries = Object.entries(args).map(([key, value]) => [
    key,
    typeof value === 'string' ? fill(value) : value,
  ]);
  return Object.fromEntries(entries) as object;
}
