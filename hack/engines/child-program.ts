import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { OperatingError } from '#lib/errors/operating-error.ts';

/** A speech program that is missing, failed, or took too long. */
export class SpeechProgramError extends OperatingError {}

export interface FinishOptions {
  readonly timeoutMs: number;
  /** Kills the program; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program that reads nothing to its end and resolves to what it wrote to stdout. */
export function runChild(
  command: string,
  args: readonly string[],
  options: FinishOptions & { readonly maxOutputBytes: number },
): Promise<Buffer> {
  if (options.signal?.aborted) return Promise.reject(options.signal.reason);
  return new ChildProgram(command, args, options.maxOutputBytes).finish(undefined, options);
}

type Outcome = { readonly output: Buffer } | { readonly failure: unknown };

/** A program that runs from now on, and may be told later what it is to read. */
export class ChildProgram {
  readonly #command: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #outcome: Promise<Outcome>;
  #complaint = '';
  #failure: unknown;
  #hasEnded = false;

  constructor(command: string, args: readonly string[], maxOutputBytes: number) {
    this.#command = command;
    // A group of its own, so that what the program starts ends with it.
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    // A program that ends before it has read all says why in another way.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-2_000);
    });
    this.#outcome = this.#watch(maxOutputBytes);
  }

  /** Resolves when the program has ended, however it did. */
  async ended(): Promise<void> {
    await this.#outcome;
  }

  /** Gives it all its input and resolves to what it wrote to stdout; rejects with SpeechProgramError or the signal's reason. */
  async finish(input: Uint8Array | undefined, { timeoutMs, signal }: FinishOptions): Promise<Buffer> {
    const onAbort = () => this.end(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => {
      this.end(new SpeechProgramError('speech_timeout', `${this.#command} took longer than ${timeoutMs} ms`));
    }, timeoutMs);
    this.#child.stdin.end(input);
    const outcome = await this.#outcome;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    if ('failure' in outcome) throw outcome.failure;
    return outcome.output;
  }

  /** Kills it with all that it started; `finish` rejects with the reason. */
  end(reason: unknown): void {
    const { pid } = this.#child;
    if (this.#hasEnded || pid === undefined) return;
    this.#failure ??= reason;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // It has ended by itself a moment ago.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #watch(maxOutputBytes: number): Promise<Outcome> {
    const output: Buffer[] = [];
    let outputBytes = 0;
    this.#child.stdout.on('data', (chunk: Buffer) => {
      output.push(chunk);
      outputBytes += chunk.length;
      if (outputBytes <= maxOutputBytes) return;
      this.end(new SpeechProgramError('speech_output_too_large', `${this.#command} wrote too much`));
    });
    this.#child.once('error', (error) => {
      const text = `${this.#command} cannot be started: ${error.message}`;
      this.#failure ??= new SpeechProgramError('speech_program_missing', text, { cause: error });
    });
    return new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#hasEnded = true;
        const failure = this.#failure ?? (code === 0 ? undefined : this.#failed(code));
        resolve(failure === undefined ? { output: Buffer.concat(output) } : { failure });
      });
    });
  }

  #failed(code: number | null): SpeechProgramError {
    const text = `${this.#command} ended with ${code}: ${this.#complaint.trim()}`;
    return new SpeechProgramError('speech_program_failed', text);
  }
}
