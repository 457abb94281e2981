/**
 * One local environment: a folder under `.veralux/` with its data, logs, process records and lock. What an
 * earlier run of the same name left, after whatever end, is cleaned away when it is opened again.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalError } from './local-error.ts';
import { lockHolder, releaseLock, takeLock } from './lock-file.ts';
import { Processes } from './processes.ts';

const END_LEFT = fileURLToPath(new URL('end-left.ts', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const INSTANCES = join(REPOSITORY, '.veralux');

export class Instance {
  readonly name: string;
  /** Holds everything of the instance but what `directoryElsewhere` gave. */
  readonly directory: string;
  readonly processes: Processes;
  readonly #root: string;

  /** An instance as it lies there; `open` is for running one. */
  constructor(name: string, root: string = INSTANCES) {
    this.name = name;
    this.#root = root;
    this.directory = join(root, name);
    this.processes = withClearErrors(this.directory, () => {
      // Others may pass, not look: Postgres runs as another user when we are root.
      mkdirSync(this.directory, { recursive: true, mode: 0o711 });
      return new Processes(this.directory);
    });
  }

  /**
   * Takes the instance for this process, ends what an earlier run left and empties its data and logs.
   * Throws a LocalError where another living process holds it.
   */
  static async open(name: string, root: string = INSTANCES): Promise<Instance> {
    const instance = new Instance(name, root);
    const holder = withClearErrors(instance.directory, () => takeLock(instance.#lock));
    if (holder !== undefined) {
      throw new LocalError(
        'instance_in_use',
        `"${name}" is being used by process ${holder}: wait for it, or end it with "make down".`,
      );
    }
    await instance.processes.endAll();
    instance.#removeData();
    rmSync(join(instance.directory, 'logs'), { recursive: true, force: true });
    mkdirSync(join(instance.directory, 'logs'));
    mkdirSync(instance.data, { mode: 0o711 });
    return instance;
  }

  get data(): string {
    return join(this.directory, 'data');
  }

  get logs(): string {
    return join(this.directory, 'logs');
  }

  /** The pid of the living process that has opened this instance, if any. */
  get holder(): number | undefined {
    return lockHolder(this.#lock);
  }

  /**
   * Makes a folder outside the repository, for a program whose user cannot reach into it. It is removed
   * together with the data. Its name cannot be guessed, since everybody may write where it lies.
   */
  directoryElsewhere(): string {
    const path = join('/var/tmp', `veralux-${randomBytes(12).toString('hex')}`);
    writeFileSync(this.#elsewhere, `${path}\n`, { flag: 'a', mode: 0o600 });
    mkdirSync(path, { mode: 0o711 });
    return path;
  }

  /** Ends every process, last started first, and removes the data; logs stay. Resolves to what it ended. */
  async endAll(): Promise<string[]> {
    const ended = await this.processes.close();
    this.#removeData();
    releaseLock(this.#lock);
    return ended;
  }

  /** Gives the instance up and leaves its processes running, for `make down` to end. */
  leaveRunning(): void {
    releaseLock(this.#lock);
  }

  /** `endAll`, then the logs and the folder itself. */
  async remove(): Promise<void> {
    await this.endAll();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /**
   * Ends everything when this process is told to end, and lets it end of that signal afterwards.
   * The returned function turns that off.
   */
  endOnSignal(onEnding: (signal: string) => void = () => undefined): () => void {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    let ending = false;
    const listener = (signal: NodeJS.Signals) => {
      if (ending) return;
      ending = true;
      onEnding(signal);
      void this.endAll().finally(() => {
        stop();
        process.kill(process.pid, signal);
      });
    };
    const stop = () => {
      for (const signal of signals) process.off(signal, listener);
    };
    for (const signal of signals) process.on(signal, listener);
    return stop;
  }

  /**
   * Has everything ended and removed by a process of its own where this one ends without having done so, in
   * whatever way but SIGKILL: a library may call process.exit before `endOnSignal` is done.
   */
  endAfterExit(): void {
    process.once('exit', () => {
      if (this.holder !== process.pid) return;
      spawn(process.execPath, [END_LEFT, this.name, this.#root], { detached: true, stdio: 'ignore' }).unref();
    });
  }

  get #lock(): string {
    return join(this.directory, 'lock');
  }

  get #elsewhere(): string {
    return join(this.directory, 'elsewhere');
  }

  #removeData(): void {
    if (existsSync(this.#elsewhere)) {
      for (const path of readFileSync(this.#elsewhere, 'utf8').split('\n')) {
        if (/^\/var\/tmp\/veralux-[0-9a-f]{24}$/.test(path)) rmSync(path, { recursive: true, force: true });
      }
      rmSync(this.#elsewhere);
    }
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** The instances that lie under `root`, by name. */
export function listInstances(root: string = INSTANCES): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function withClearErrors<T>(directory: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EACCES' || code === 'EPERM') {
      throw new LocalError(
        'instance_not_ours',
        `${directory} belongs to another user: run "make down" as that user and remove the folder.`,
        { cause: error },
      );
    }
    if (code === 'ENOSPC') {
      throw new LocalError('disk_full', `The disk of ${directory} is full: make room and try again.`, {
        cause: error,
      });
    }
    throw error;
  }
}
