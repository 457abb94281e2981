import { spawn } from 'node:child_process';

export interface Captured {
  /** Undefined when it could not be run, or was ended by a signal or at the time-out. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CaptureOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** More than any output that we read; the rest is dropped. */
const MAX_OUTPUT_CHARACTERS = 16 * 1024 * 1024;

/** Runs a program to its end and resolves to its status and output; never rejects. */
export function capture(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  options: CaptureOptions = {},
): Promise<Captured> {
  const { input, ...rest } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...rest, timeout: timeoutMs, killSignal: 'SIGKILL' });
    let stdout = '';
    let stderr = '';
    const keep = (text: string, chunk: string) => (text + chunk).slice(0, MAX_OUTPUT_CHARACTERS);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout = keep(stdout, chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = keep(stderr, chunk);
    });
    child.once('error', (error) => resolve({ status: undefined, stdout, stderr: stderr + error.message }));
    child.once('close', (status) => resolve({ status: status ?? undefined, stdout, stderr }));
    // A program that ends without reading its input is no failure of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
