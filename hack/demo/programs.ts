import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { onFreePorts } from '#hack/local/free-port.ts';
import type { Processes, RunningProcess } from '#hack/local/processes.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const MIGRATE_TIMEOUT_MS = 60_000;

export interface ProgramSpec {
  readonly name: string;
  /** The entry point, from the repository's root. */
  readonly main: string;
  /** The path that answers 200 once it serves. */
  readonly health: string;
  /** Its settings besides HOST and PORT. */
  readonly env: Readonly<Record<string, string>>;
  /** Node.js' own. */
  readonly flags?: readonly string[];
  /** How long it may take until it serves. Default 60 s. */
  readonly readyTimeoutMs?: number;
}

export interface StartedProgram {
  readonly url: string;
  readonly process: RunningProcess;
}

/** Starts one of our programs on a free loopback port; resolves to its base URL once it serves. */
export function startProgram(processes: Processes, spec: ProgramSpec): Promise<StartedProgram> {
  return onFreePorts(1, async ([port]) => {
    if (port === undefined) throw new Error('onFreePorts(1) gave no port');
    return startProgramAt(processes, spec, port);
  });
}

/** The same on a port that is known to be free. */
export async function startProgramAt(
  processes: Processes,
  spec: ProgramSpec,
  port: number,
): Promise<StartedProgram> {
  const url = `http://127.0.0.1:${port}`;
  const program = await processes.start({
    name: spec.name,
    command: process.execPath,
    args: [...(spec.flags ?? []), spec.main],
    cwd: repository,
    env: { HOST: '127.0.0.1', PORT: String(port), NODE_NO_WARNINGS: '1', ...spec.env },
  });
  try {
    await program.ready(() => answersWell(`${url}${spec.health}`), spec.readyTimeoutMs ?? READY_TIMEOUT_MS);
  } catch (error) {
    await program.end();
    throw error;
  }
  return { url, process: program };
}

/** Makes the database's roles and schema; resolves to the URLs of the roles the API server serves as. */
export async function migrate(
  processes: Processes,
  adminURL: string,
): Promise<{ readonly appURL: string; readonly workerURL: string }> {
  const passwords = { app: randomBytes(24).toString('hex'), worker: randomBytes(24).toString('hex') };
  const run = await processes.start({
    name: 'migrate',
    command: process.execPath,
    args: ['apiserver/migrate/main.ts'],
    cwd: repository,
    env: {
      ADMIN_DATABASE_URL: adminURL,
      APP_PASSWORD: passwords.app,
      WORKER_PASSWORD: passwords.worker,
      NODE_NO_WARNINGS: '1',
    },
  });
  await run.finished(MIGRATE_TIMEOUT_MS);
  const urlOf = (role: string, password: string) => {
    const url = new URL(adminURL);
    url.username = role;
    url.password = password;
    return url.href;
  };
  return {
    appURL: urlOf('veralux_app', passwords.app),
    workerURL: urlOf('veralux_worker', passwords.worker),
  };
}

async function answersWell(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Not listening yet: whoever waits has a time-out and shows the log.
    return false;
  }
}
