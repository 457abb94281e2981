import {
  ConfigError,
  type ConfigOf,
  EXIT_CONFIG,
  helpText,
  loadConfig,
  type OptionTable,
} from '#lib/config/config.ts';

export interface Program<T extends OptionTable> {
  readonly name: string;
  readonly summary: string;
  readonly options: T;
  /** What is wrong between settings that are right one by one, a sentence each. */
  readonly check?: (config: ConfigOf<T>) => readonly string[];
  /** Does the program's work; resolves to its exit status. The signal aborts on SIGTERM or SIGINT. */
  readonly run: (config: ConfigOf<T>, signal: AbortSignal) => Promise<number>;
}

/** What a program's `main.ts` hands over: the only file that may touch the process. */
export interface ProcessPort {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  once(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
}

/**
 * Reads the settings, prints help, wires the signals and runs the program.
 * Resolves to the exit status; wrong settings are all named at once and give 78.
 */
export async function runProgram<const T extends OptionTable>(
  process: ProcessPort,
  program: Program<T>,
): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(helpText(program.name, program.summary, program.options));
    return 0;
  }
  let config: ConfigOf<T>;
  try {
    config = loadConfig(program.options, process.env);
    const problems = program.check?.(config) ?? [];
    if (problems.length > 0) throw new ConfigError(problems);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${program.name}: ${error.message}\nSee ${program.name} --help.\n`);
    return EXIT_CONFIG;
  }
  const ending = new AbortController();
  process.once('SIGTERM', () => ending.abort());
  process.once('SIGINT', () => ending.abort());
  return program.run(config, ending.signal);
}
