import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where the words go: a terminal gets colour, a pipe plain lines. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Prints what happens, as it happens: one line a stage with its time, then sections and facts. */
export class Narrator {
  readonly #out: Output;
  readonly #startedMs = performance.now();

  constructor(out: Output) {
    this.#out = out;
  }

  title(text: string): void {
    this.#line(`\n${this.#paint('bold', text)}`);
  }

  /** Runs one stage and prints it with how long it took; a failure is printed before it is thrown on. */
  async stage<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const startMs = performance.now();
    try {
      const result = await work();
      this.done(name, performance.now() - startMs, detail?.(result));
      return result;
    } catch (error) {
      this.#line(`  ${this.#paint('red', '✗')} ${name}`);
      throw error;
    }
  }

  /** A stage that has ended, with the milliseconds it took. */
  done(name: string, tookMs: number, detail = ''): void {
    const time = this.#paint('dim', seconds(tookMs).padStart(8));
    this.#line(
      `  ${this.#paint('green', '✓')} ${time}  ${name}${detail && this.#paint('dim', `  ${detail}`)}`,
    );
  }

  /** A line of the spoken call. */
  spoken(speaker: string, text: string, atMs: number): void {
    const style: Style = speaker === 'Agent' ? 'cyan' : 'yellow';
    this.#line(
      `    ${this.#paint('dim', seconds(atMs).padStart(6))}  ${this.#paint(style, speaker.padEnd(6))}  ${text}`,
    );
  }

  fact(name: string, value: string): void {
    this.#line(`    ${name.padEnd(22)} ${this.#paint('bold', value)}`);
  }

  /** A command a person may type next. */
  command(command: string, what: string): void {
    this.#line(`    ${this.#paint('bold', command)}\n        ${what}`);
  }

  text(text: string): void {
    this.#line(text.replace(/^(?=.)/gm, '    '));
  }

  /** Why it did not work, and where the logs are, if it came so far. */
  failed(reason: string, logs?: string): void {
    this.#line(`\n${this.#paint('red', 'It did not work:')} ${reason}`);
    if (logs !== undefined) this.#line(`The logs are in ${logs}`);
  }

  succeeded(text: string): void {
    this.#line(
      `\n${this.#paint('green', text)} ${this.#paint('dim', `(${seconds(performance.now() - this.#startedMs)} in all)`)}`,
    );
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  #paint(style: Style, text: string): string {
    return this.#out.isTTY ? styleText(style, text, { validateStream: false }) : text;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
