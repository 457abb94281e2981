import { spawn } from 'node:child_process';
import { OperatingError } from '#lib/errors/operating-error.ts';

/** A speech program that is missing, failed, or took too long. */
export class SpeechProgramError extends OperatingError {}

export interface ChildOptions {
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** Kills the child; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end and resolves to what it wrote to stdout. */
export function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(options.signal.reason);
      return;
    }
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let complaint = '';
    let failure: unknown;
    const end = (reason: unknown) => {
      failure ??= reason;
      child.kill('SIGKILL');
    };
    const onAbort = () => end(options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => {
      end(new SpeechProgramError('speech_timeout', `${command} took longer than ${options.timeoutMs} ms`));
    }, options.timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      output.push(chunk);
      outputBytes += chunk.length;
      if (outputBytes > options.maxOutputBytes) {
        end(new SpeechProgramError('speech_output_too_large', `${command} wrote too much`));
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2_000);
    });
    child.once('error', (error) => {
      failure ??= new SpeechProgramError(
        'speech_program_missing',
        `${command} cannot be started: ${error.message}`,
        {
          cause: error,
        },
      );
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      if (failure !== undefined) reject(failure);
      else if (code === 0) resolve(Buffer.concat(output));
      else
        reject(
          new SpeechProgramError(
            'speech_program_failed',
            `${command} ended with ${code}: ${complaint.trim()}`,
          ),
        );
    });
  });
}
