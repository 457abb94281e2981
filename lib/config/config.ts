import { z } from 'zod';
import { OperatingError } from '#lib/errors/operating-error.ts';

/** sysexits.h EX_CONFIG: the program was started with settings it cannot use. */
export const EXIT_CONFIG = 78;

export interface Option<S extends z.ZodType = z.ZodType> {
  /** Parses the variable's text; use z.coerce or z.preprocess for what is not a string. */
  readonly schema: S;
  /** The text taken when the variable is absent. Absent: the variable is required, unless `optional`. */
  readonly default?: string;
  readonly optional?: boolean;
  /** One sentence: the help text and the README's row. */
  readonly description: string;
  /** A secret's value is never printed, not even in an error. */
  readonly secret?: boolean;
}

export type OptionTable = Readonly<Record<string, Option>>;

/** The parsed values: an optional option without a default may be undefined. */
export type ConfigOf<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends { optional: true }
    ? z.output<T[K]['schema']> | undefined
    : z.output<T[K]['schema']>;
};

export class ConfigError extends OperatingError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      'config_invalid',
      `${problems.length} setting(s) cannot be used:\n${problems.map((p) => `  ${p}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** Reads every option of `table` from `env`; throws one ConfigError that names all problems. */
export function loadConfig<const T extends OptionTable>(
  table: T,
  env: Readonly<Record<string, string | undefined>>,
): ConfigOf<T> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    // An empty variable is an absent one: Compose files and Helm charts write `NAME=` for "not set".
    const text = env[name] || option.default;
    if (text === undefined) {
      if (!option.optional) problems.push(`${name} is missing. ${option.description}`);
      continue;
    }
    const result = option.schema.safeParse(text);
    if (result.success) {
      values[name] = result.data;
      continue;
    }
    const shown = option.secret ? 'its value (hidden)' : JSON.stringify(text);
    for (const issue of result.error.issues) {
      const path = issue.path.length > 0 ? `${name} at ${issue.path.join('.')}` : name;
      problems.push(`${path}: ${shown} is wrong: ${issue.message}. ${option.description}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as ConfigOf<T>;
}

/** The `--help` text of a program. */
export function helpText(program: string, summary: string, table: OptionTable): string {
  const rows = Object.entries(table).map(
    ([name, option]) => `  ${name}\n      ${option.description} ${defaultOf(option)}`,
  );
  return `${program}: ${summary}\n\nSettings are environment variables:\n${rows.join('\n')}\n`;
}

/** The README's table of a program's variables, as Markdown. */
export function markdownTable(table: OptionTable): string {
  const rows = Object.entries(table).map(
    ([name, option]) => `| \`${name}\` | ${defaultOf(option)} | ${option.description} |`,
  );
  return ['| variable | default | what it is |', '|---|---|---|', ...rows].join('\n');
}

function defaultOf(option: Option): string {
  if (option.default !== undefined) return `Default: \`${option.default}\`.`;
  return option.optional ? 'Optional.' : 'Required.';
}

/** Option schemas that several programs need. */
export const option = {
  port: z.coerce.number().int().min(0).max(65_535),
  positiveInt: z.coerce.number().int().positive(),
  boolean: z.enum(['true', 'false']).transform((text) => text === 'true'),
  url: (...protocols: string[]) =>
    z.url({
      protocol: new RegExp(`^(${protocols.join('|')})$`),
      error: `must be a URL starting with ${protocols.join(':// or ')}://`,
    }),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']),
} as const;
