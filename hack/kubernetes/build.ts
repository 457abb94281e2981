/**
 * Builds our programs from their Go modules into a cache of the user's, one folder for each set of inputs.
 * Safe when two run at once, and when one is killed half-way.
 */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalError } from '#hack/local/local-error.ts';
import { releaseLock, takeLock } from '#hack/local/lock-file.ts';
import type { Progress } from '#hack/local/progress.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { goBuild } from './go-build.ts';
import type { ProgramName } from './program-name.ts';

const MODULE = fileURLToPath(new URL('.', import.meta.url));
const KWOK_MODULE = join(MODULE, 'kwok');
const VERSION = 'k8s.io/component-base/version';
const LDFLAGS = `-s -w -X ${VERSION}.gitVersion=v1.35.4 -X ${VERSION}.gitMajor=1 -X ${VERSION}.gitMinor=35`;
/** What another process may take to build everything on a slow machine. */
const OTHER_BUILD_TIMEOUT_MS = 30 * 60_000;
const LOCK_POLL_MS = 500;

interface GoModule {
  readonly directory: string;
  /** The package of a program, as `go build` takes it. */
  readonly packageOf: (name: ProgramName) => string;
  readonly flags: readonly string[];
}

/**
 * Builds those of `names` that the cache lacks; resolves to where each lies.
 * Throws a LocalError that says what to do.
 */
export async function buildPrograms(
  names: readonly ProgramName[],
  progress: Progress,
): Promise<Map<ProgramName, string>> {
  const result = new Map<ProgramName, string>();
  const kubernetes = names.filter((name) => name !== 'kwok');
  for (const [wanted, module] of [
    [
      kubernetes,
      { directory: MODULE, packageOf: (name: ProgramName) => `./cmd/${name}`, flags: flags(LDFLAGS) },
    ],
    [
      names.filter((name) => name === 'kwok'),
      { directory: KWOK_MODULE, packageOf: () => 'sigs.k8s.io/kwok/cmd/kwok', flags: flags('-s -w') },
    ],
  ] satisfies [ProgramName[], GoModule][]) {
    if (wanted.length === 0) continue;
    for (const [name, path] of await buildModule(module, wanted, progress)) result.set(name, path);
  }
  return result;
}

function flags(ldflags: string): readonly string[] {
  return ['-trimpath', '-ldflags', ldflags];
}

async function buildModule(
  module: GoModule,
  names: readonly ProgramName[],
  progress: Progress,
): Promise<Map<ProgramName, string>> {
  const folder = join(cacheDirectory(), 'kubernetes', moduleHash(module.directory, module.flags));
  const paths = new Map(names.map((name) => [name, join(folder, name)]));
  const missing = () => names.filter((name) => !existsSync(join(folder, name)));
  if (missing().length === 0) return paths;

  makeCache(folder);
  const lock = join(folder, 'lock');
  await waitForLock(lock, progress);
  try {
    const wanted = missing();
    if (wanted.length === 0) return paths;
    removeLeftovers(folder);
    const draft = mkdtempSync(join(folder, 'draft-'));
    try {
      await goBuild({
        directory: module.directory,
        flags: module.flags,
        output: draft,
        packages: wanted.map((name) => ({ name, path: module.packageOf(name) })),
        progress,
      });
      for (const name of wanted) renameSync(join(draft, name), join(folder, name));
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  } finally {
    releaseLock(lock);
  }
  return paths;
}

/** Everything that decides what the programs are: sources, pins, flags and platform. */
export function moduleHash(directory: string, flags: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of [process.platform, process.arch, ...flags]) hash.update(`${part}\0`);
  const files = ['go.mod', 'go.sum', ...globSync(['*.go', 'cmd/*/*.go'], { cwd: directory }).sort()];
  for (const file of files) {
    const content = readFileSync(join(directory, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** `VERALUX_CACHE`, or `veralux` in the user's cache folder (XDG Base Directory Specification). */
function cacheDirectory(): string {
  const own = process.env['VERALUX_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = process.env['XDG_CACHE_HOME'];
  return join(xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg, 'veralux');
}

function makeCache(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new LocalError(
      'cache_not_writable',
      `The cache folder ${folder} cannot be written: set VERALUX_CACHE to a folder that can.`,
      { cause: error },
    );
  }
}

/** What a build that was killed left: nobody else builds here while we hold the lock. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith('draft-')) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function waitForLock(lock: string, progress: Progress): Promise<void> {
  const deadline = systemClock.monotonic() + OTHER_BUILD_TIMEOUT_MS;
  let told = false;
  for (;;) {
    const holder = takeLock(lock);
    if (holder === undefined) return;
    if (!told) progress.line(`process ${holder} is building the Kubernetes programs: waiting for it`);
    told = true;
    if (systemClock.monotonic() > deadline) {
      throw new LocalError(
        'build_lock_held',
        `Process ${holder} has been building for 30 minutes: end it and try again.`,
      );
    }
    await systemClock.sleep(LOCK_POLL_MS);
  }
}
