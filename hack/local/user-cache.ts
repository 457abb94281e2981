/**
 * What is made once for each user and then only read: built programs, unpacked packages. One folder for each
 * set of inputs. Safe when two processes make the same at once, and when one is killed half-way.
 */
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#lib/clock/clock.ts';
import { LocalError } from './local-error.ts';
import { releaseLock, takeLock } from './lock-file.ts';
import type { Progress } from './progress.ts';

/** What another process may take to make everything on a slow machine. */
const OTHERS_TIMEOUT_MS = 30 * 60_000;
const LOCK_POLL_MS = 500;
const BYTES_PER_GB = 1024 ** 3;

type Environment = Readonly<Record<string, string | undefined>>;

export interface CacheFill {
  /** Inside `userCache()`; made where it is missing. */
  readonly folder: string;
  /** What is being made, as in "process 7 is making …". */
  readonly what: string;
  readonly isFilled: () => boolean | Promise<boolean>;
  /** Makes it in `draft`, an empty folder on the same disk that is removed afterwards, and renames it to its place. */
  readonly fill: (draft: string) => Promise<void>;
  readonly progress: Progress;
}

/** Fills a folder of the cache unless it is filled; one process at a time. Throws a LocalError that says what to do. */
export async function fillCache({ folder, what, isFilled, fill, progress }: CacheFill): Promise<void> {
  if (await isFilled()) return;
  makeWritable(folder);
  const lock = join(folder, 'lock');
  await waitForLock(lock, what, progress);
  try {
    if (await isFilled()) return;
    removeLeftovers(folder);
    const draft = mkdtempSync(join(folder, 'draft-'));
    try {
      await fill(draft);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  } finally {
    releaseLock(lock);
  }
}

/** `VERALUX_CACHE`, or `veralux` in the user's cache folder (XDG Base Directory Specification). */
export function userCache(env: Environment = process.env): string {
  const own = env['VERALUX_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg === undefined || xdg === '' ? join(home(), '.cache') : xdg, 'veralux');
}

/** Throws a LocalError where `directory` has less than `neededBytes` free for what `doing` says. */
export function assertSpace(directory: string, neededBytes: number, doing: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= neededBytes) return;
  throw new LocalError(
    'disk_full',
    `${doing} needs ${gigabytes(neededBytes)} GB and ${directory} has ${gigabytes(bavail * bsize)} GB free: ` +
      'make room and try again.',
  );
}

function gigabytes(bytes: number): string {
  return String(Number((bytes / BYTES_PER_GB).toFixed(1)));
}

/** `HOME`, or what the system knows of this user. */
function home(): string {
  try {
    const directory = homedir();
    if (directory !== '') return directory;
  } catch (error) {
    throw noHome(error);
  }
  throw noHome();
}

function noHome(cause?: unknown): LocalError {
  return new LocalError(
    'no_home',
    'This user has no home folder to keep caches in: set HOME to a folder that can be written.',
    { cause },
  );
}

function makeWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOSPC') {
      throw new LocalError('disk_full', `The disk of ${folder} is full: make room and try again.`, {
        cause: error,
      });
    }
    throw new LocalError(
      'cache_not_writable',
      `The cache folder ${folder} cannot be written: set HOME to a folder that can, or VERALUX_CACHE for this cache alone.`,
      { cause: error },
    );
  }
}

/** What was killed half-way left: nobody else makes anything here while we hold the lock. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith('draft-')) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function waitForLock(lock: string, what: string, progress: Progress): Promise<void> {
  const deadline = systemClock.monotonic() + OTHERS_TIMEOUT_MS;
  let told = false;
  for (;;) {
    const holder = takeLock(lock);
    if (holder === undefined) return;
    if (!told) progress.line(`process ${holder} is making ${what}: waiting for it`);
    told = true;
    if (systemClock.monotonic() > deadline) {
      throw new LocalError(
        'cache_lock_held',
        `Process ${holder} has been making ${what} for 30 minutes: end it and try again.`,
      );
    }
    await systemClock.sleep(LOCK_POLL_MS);
  }
}
