/**
 * Starts programs that outlive us and keeps a record of each in `<directory>/processes/NN-name.json`, so
 * that a later `make down` ends exactly these, last started first, whatever became of who started them.
 * Their output goes to `<directory>/logs/<name>.log`.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#lib/errors/operating-error.ts';
import { createWhole } from './create-whole.ts';
import { LocalError } from './local-error.ts';
import { logTail } from './log-tail.ts';
import { isSameProcess, processIdentity } from './process-identity.ts';
import { waitUntil } from './wait-until.ts';

export interface ProcessSpec {
  /** Names the record and the log; unique among the processes that run in one directory. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process; PATH is passed on where it has none. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The user to run as; only root can name one. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** What asks it to end: SIGTERM unless its program wants another. */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logPath: string;
  isRunning(): boolean;
  /**
   * Waits until `check` holds. Throws a LocalError with the end of the log when the process ends first or
   * the time is over; it is left running then, recorded, for `end` or `endAll`.
   */
  ready(check: () => Promise<boolean>, timeoutMs: number): Promise<void>;
  /** Waits until it has ended by itself; throws a LocalError where it failed or the time is over. */
  finished(timeoutMs: number): Promise<void>;
  /** Ends it and drops its record. */
  end(): Promise<void>;
  /** The same at once, by SIGKILL: it gets no chance to finish anything. */
  kill(): Promise<void>;
}

interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly identity: string;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  readonly argv: readonly string[];
}

// Longer than any program here takes to end; what is left then gets SIGKILL.
const END_TIMEOUT_MS = 15_000;
const KILL_TIMEOUT_MS = 5_000;
const EXIT_STATUS_TIMEOUT_MS = 1_000;

export class Processes {
  readonly #directory: string;
  readonly #records: string;
  readonly #logs: string;
  readonly #endTimeoutMs: number;
  readonly #prefix: string;
  readonly #whole: Processes | undefined;
  #closed = false;

  /**
   * `directory` is an instance's; its `processes` and `logs` folders are made where they are missing.
   * With a `prefix`, put before every name, this is a part of what is recorded there: `endAll` and
   * `running` are about that part.
   */
  constructor(
    directory: string,
    options: { readonly endTimeoutMs?: number; readonly prefix?: string; readonly whole?: Processes } = {},
  ) {
    this.#prefix = options.prefix ?? '';
    this.#whole = options.whole;
    this.#endTimeoutMs = options.endTimeoutMs ?? END_TIMEOUT_MS;
    this.#directory = directory;
    this.#records = join(directory, 'processes');
    this.#logs = join(directory, 'logs');
    mkdirSync(this.#records, { recursive: true });
    mkdirSync(this.#logs, { recursive: true });
  }

  /** The part whose names begin with `prefix`: nothing of it starts any more when the whole is closed. */
  part(prefix: string): Processes {
    return new Processes(this.#directory, { prefix, endTimeoutMs: this.#endTimeoutMs, whole: this });
  }

  /** Whether the end has begun, after which nothing is started. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Starts a program; resolves once it runs. Throws a LocalError when it cannot be run at all. */
  async start(spec: ProcessSpec): Promise<RunningProcess> {
    if (this.#closed || this.#whole?.isClosed === true)
      throw new LocalError('ending', `${spec.name} was not started: the end has begun.`);
    const name = `${this.#prefix}${spec.name}`;
    const logPath = join(this.#logs, `${name}.log`);
    const log = openSync(logPath, 'a', 0o644);
    const child = spawn(spec.command, spec.args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'] ?? '', ...spec.env },
      cwd: spec.cwd ?? this.#directory,
      ...spec.user,
    });
    closeSync(log);
    const { pid } = child;
    if (pid === undefined) {
      const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
      throw new LocalError('process_not_started', `${spec.name} cannot be run: ${cause.message}.`, { cause });
    }
    let exit: string | undefined;
    child.once('exit', (code, signal) => {
      exit = signal === null ? `with status ${code}` : `by ${signal}`;
    });
    child.unref();
    // Undefined only when it has ended already: then there is nothing to record.
    const identity = processIdentity(pid);
    const record = {
      name,
      pid,
      identity: identity ?? '',
      stopSignal: spec.stopSignal ?? 'SIGTERM',
    };
    const path = this.#write({ ...record, argv: [spec.command, ...spec.args] });
    const endTimeoutMs = this.#endTimeoutMs;
    // Once it has ended, a later one of its name may have its file.
    const endOwn = async (timeoutMs: number) => {
      if (readRecord(path)?.pid === pid) await endRecorded(path, timeoutMs);
    };
    const isRunning = () => exit === undefined && isSameProcess(pid, record.identity);
    return {
      name: spec.name,
      pid,
      logPath,
      isRunning,
      async ready(check, timeoutMs) {
        let ended = false;
        const done = await waitUntil(async () => {
          const answers = await check();
          // Asked afterwards: where the port was lost to somebody, it is they who answer.
          ended = !isRunning();
          return answers || ended;
        }, timeoutMs);
        if (done && !ended) return;
        // The system shows its end a moment before its status reaches us.
        if (ended) await waitUntil(() => exit !== undefined, EXIT_STATUS_TIMEOUT_MS);
        const fate = ended
          ? `${spec.name} ended ${exit ?? 'by itself'} while starting`
          : `${spec.name} was not ready after ${Math.round(timeoutMs / 1_000)} s`;
        const code = ended ? 'process_died' : 'process_not_ready';
        throw new LocalError(code, `${fate}; the end of ${logPath}:\n${logTail(logPath)}`);
      },
      async finished(timeoutMs) {
        const done = await waitUntil(() => exit !== undefined, timeoutMs);
        await endRecorded(path, endTimeoutMs);
        if (done && exit === 'with status 0') return;
        const fate = done ? `ended ${exit}` : `did not end within ${Math.round(timeoutMs / 1_000)} s`;
        throw new LocalError(
          'process_failed',
          `${spec.name} ${fate}; the end of ${logPath}:\n${logTail(logPath)}`,
        );
      },
      end: () => endOwn(endTimeoutMs),
      kill: () => endOwn(0),
    };
  }

  /**
   * Ends what the records name, last started first, and drops the records of what has ended.
   * Resolves to the names of those that were still running. Throws a LocalError at the end when some could
   * not be ended.
   */
  async endAll(): Promise<string[]> {
    const ended: string[] = [];
    const problems: string[] = [];
    for (const { path, record } of this.#list().toReversed()) {
      if (isSameProcess(record.pid, record.identity)) ended.push(record.name);
      await endRecorded(path, this.#endTimeoutMs).catch((error: unknown) => problems.push(messageOf(error)));
    }
    if (problems.length > 0) throw new LocalError('process_not_ended', problems.join('\n'));
    return ended;
  }

  /** SIGKILL to the one of this name, whoever started it. Throws a LocalError where none runs. */
  async kill(name: string): Promise<void> {
    await endRecorded(this.#pathOf(name), 0);
  }

  /** Ends the one of this name as it ends by itself, whoever started it. Throws a LocalError where none runs. */
  async end(name: string): Promise<void> {
    await endRecorded(this.#pathOf(name), this.#endTimeoutMs);
  }

  /** `endAll` for the last time: a start that comes later, from work still under way, is refused. */
  close(): Promise<string[]> {
    this.#closed = true;
    return this.endAll();
  }

  /** The recorded processes that run now, first started first. */
  running(): { readonly name: string; readonly pid: number }[] {
    return this.#list()
      .map(({ record }) => record)
      .filter((record) => isSameProcess(record.pid, record.identity));
  }

  /** Whether something is recorded here and none of it has died. */
  areAllRunning(): boolean {
    const records = this.#list().length;
    return records > 0 && this.running().length === records;
  }

  #pathOf(name: string): string {
    const found = this.#list().find(({ record }) => record.name === `${this.#prefix}${name}`);
    if (found === undefined || !isSameProcess(found.record.pid, found.record.identity)) {
      throw new LocalError('process_not_running', `There is no running process ${name} here.`);
    }
    return found.path;
  }

  #list(): { readonly path: string; readonly record: ProcessRecord }[] {
    return readdirSync(this.#records)
      .filter((file) => file.endsWith('.json'))
      .sort()
      .flatMap((file) => {
        const path = join(this.#records, file);
        const record = readRecord(path);
        return record?.name.startsWith(this.#prefix) ? [{ path, record }] : [];
      });
  }

  /** Several starters may share a directory, so a number belongs to whoever makes its file. */
  #write(record: ProcessRecord): string {
    const last = readdirSync(this.#records).sort().at(-1) ?? '000';
    for (let number = Number.parseInt(last, 10) + 1; ; number += 1) {
      const path = join(this.#records, `${String(number).padStart(3, '0')}-${record.name}.json`);
      try {
        createWhole(path, JSON.stringify(record));
        return path;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
      }
    }
  }
}

/** Asks it to end, kills it after `timeoutMs` (0: at once) and drops its record. */
async function endRecorded(path: string, timeoutMs: number): Promise<void> {
  const record = readRecord(path);
  if (record === undefined) return;
  const gone = () => !isSameProcess(record.pid, record.identity);
  if (!gone()) {
    if (timeoutMs > 0) send(record, record.stopSignal);
    if (timeoutMs === 0 || !(await waitUntil(gone, timeoutMs))) {
      send(record, 'SIGKILL');
      if (!(await waitUntil(gone, KILL_TIMEOUT_MS))) {
        throw new LocalError(
          'process_not_ended',
          `${record.name} (pid ${record.pid}) does not end, even by SIGKILL.`,
        );
      }
    }
  }
  rmSync(path, { force: true });
}

function send(record: ProcessRecord, signal: NodeJS.Signals): void {
  try {
    process.kill(record.pid, signal);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ESRCH') return;
    if (code !== 'EPERM') throw error;
    throw new LocalError(
      'process_of_another_user',
      `${record.name} (pid ${record.pid}) was started by another user: run this as that user.`,
      { cause: error },
    );
  }
}

/** Undefined for a file that is gone. */
function readRecord(path: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessRecord;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}
