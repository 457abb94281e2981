/**
 * Debian packages for a user who may not install them: fetched by apt-get with lists and archives of its own,
 * unpacked into the user's cache, and started by small scripts that name their libraries and models.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Captured, capture } from './capture.ts';
import { LocalError } from './local-error.ts';
import type { Progress } from './progress.ts';
import { assertSpace, fillCache, userCache } from './user-cache.ts';

export interface UnpackedPackage {
  readonly name: string;
  /** The names that its program may have; none for data. */
  readonly programs: readonly string[];
  /** A package that holds a part of it and so has to lie beside it, even where the machine has it. */
  readonly part?: string;
}

export interface UnpackOptions {
  readonly run: typeof capture;
  readonly progress: Progress;
  /** The cache of the user. */
  readonly cache?: string;
}

const FETCH_TIMEOUT_MS = 10 * 60_000;
const UNPACK_TIMEOUT_MS = 60_000;
const TRIAL_TIMEOUT_MS = 10_000;
// Measured on Debian 12 as if nothing were installed, not even libc: 0.1 GB of lists and archives, 0.2 GB unpacked.
const NEEDED_BYTES = 0.4 * 1024 ** 3;
/** Of each program that was run. */
const ERROR_LINES = 6;
/** What the shell and the dynamic loader say of a program that cannot be run (POSIX: 126 and 127). */
const CANNOT_RUN = [126, 127];
const MODEL = 'usr/share/pocketsphinx/model/en-us';

/**
 * Resolves to a folder whose programs are those of `packages`, with all that they need besides what is
 * installed; to be put first on a PATH. Throws a LocalError with what apt-get or dpkg said where it fails.
 */
export async function unpackPackages(
  packages: readonly UnpackedPackage[],
  { run, progress, cache = userCache() }: UnpackOptions,
): Promise<string> {
  const names = packages.map(({ name }) => name);
  const folder = join(cache, 'packages', keyOf(names));
  const unpacked = join(folder, 'unpacked');
  await fillCache({
    folder,
    what: 'the unpacked packages',
    progress,
    isFilled: async () => (await lacking(unpacked, packages, run)).length === 0,
    async fill(draft) {
      assertSpace(draft, NEEDED_BYTES, `Unpacking ${names.join(', ')}`);
      progress.line(`fetching ${names.join(', ')} for this user (once; installing needs root)`);
      const parts = packages.flatMap(({ part }) => (part === undefined ? [] : [part]));
      const archives = await fetchArchives([...names, ...parts], join(draft, 'apt'), { run, progress });
      const made = join(draft, 'unpacked');
      const root = join(made, 'root');
      mkdirSync(root, { recursive: true });
      for (const [index, archive] of archives.entries()) {
        progress.state(`  unpacking ${index + 1} of ${archives.length}`);
        const extract = await run('dpkg-deb', ['--extract', archive, root], UNPACK_TIMEOUT_MS);
        if (extract.status !== 0) throw notFetched('dpkg-deb', extract);
      }
      writeStarters(
        made,
        packages.flatMap(({ programs }) => programs),
      );
      const broken = await lacking(made, packages, run);
      if (broken.length > 0) {
        throw new LocalError('package_not_unpacked', `${broken.join(', ')} cannot be run once unpacked.`);
      }
      // One that no longer runs, since a library it used was removed from the machine.
      rmSync(unpacked, { recursive: true, force: true });
      renameSync(made, unpacked);
    },
  });
  return join(unpacked, 'bin');
}

/** Everything that decides what is unpacked, besides what the archive has today. */
function keyOf(names: readonly string[]): string {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release') : '';
  const hash = createHash('sha256').update(release);
  for (const part of [process.arch, starter(['<library>'], '<program>', true), ...names.toSorted()]) {
    hash.update(`\0${part}`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Downloads `names`, and what they need and is not installed, below `folder`; resolves to the files' paths. */
async function fetchArchives(
  names: readonly string[],
  folder: string,
  { run, progress }: Pick<UnpackOptions, 'run' | 'progress'>,
): Promise<string[]> {
  const archives = join(folder, 'cache/archives');
  for (const made of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(folder, made), { recursive: true });
  }
  const options = {
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': join(folder, 'cache'),
    // The lock of dpkg is root's, and nothing is installed.
    'Debug::NoLocking': 'true',
    'Acquire::Retries': '2',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  progress.state('  reading the package lists');
  // One source of several may fail here: what matters is whether the packages are found.
  const update = await run('apt-get', ['update', ...flags], FETCH_TIMEOUT_MS);
  progress.state('  downloading');
  const download = ['install', '--yes', '--download-only', '--reinstall', '--no-install-recommends'];
  const install = await run('apt-get', [...download, ...flags, '--', ...names], FETCH_TIMEOUT_MS);
  const files = globSync('*.deb', { cwd: archives });
  // What is installed but found by none of the lists is passed over without a failure.
  const isFetched = names.every((name) => files.some((file) => file.startsWith(`${name}_`)));
  if (install.status !== 0 || !isFetched) throw notFetched('apt-get', update, install);
  return files.map((file) => join(archives, file));
}

/** A script for each of `programs` that was unpacked. */
function writeStarters(folder: string, programs: readonly string[]): void {
  const root = join(folder, 'root');
  // Alternatives and private libraries lie in folders of their own.
  const files = globSync('{lib,usr/lib}/**/*.so*', { cwd: root });
  const libraries = [...new Set(files.map((file) => dirname(file)))].sort();
  const hasModel = existsSync(join(root, MODEL));
  mkdirSync(join(folder, 'bin'));
  for (const program of programs) {
    if (!existsSync(join(root, 'usr/bin', program))) continue;
    const withModel = hasModel && program.startsWith('pocketsphinx');
    writeFileSync(join(folder, 'bin', program), starter(libraries, program, withModel), { mode: 0o755 });
  }
}

/** Finds everything from its own place, so that the folder can be moved. */
function starter(libraries: readonly string[], program: string, withModel: boolean): string {
  const model = `-hmm "$root/${MODEL}/en-us" -lm "$root/${MODEL}/en-us.lm.bin" -dict "$root/${MODEL}/cmudict-en-us.dict" `;
  return [
    '#!/bin/sh',
    'root=${0%/*}/../root',
    `export LD_LIBRARY_PATH="${libraries.map((library) => `$root/${library}`).join(':')}"`,
    `exec "$root/usr/bin/${program}" ${withModel ? model : ''}"$@"`,
    '',
  ].join('\n');
}

/** The names of those packages of which no program can be run from `folder`. */
async function lacking(
  folder: string,
  packages: readonly UnpackedPackage[],
  run: typeof capture,
): Promise<string[]> {
  const runs = async (program: string): Promise<boolean> => {
    const path = join(folder, 'bin', program);
    if (!existsSync(path)) return false;
    // Some know no such option and fail, but all that can be run come that far.
    const { status } = await run(path, ['--version'], TRIAL_TIMEOUT_MS);
    return status !== undefined && !CANNOT_RUN.includes(status);
  };
  const names: string[] = [];
  for (const { name, programs } of packages) {
    const found = programs.length === 0 ? [existsSync(folder)] : await Promise.all(programs.map(runs));
    if (!found.includes(true)) names.push(name);
  }
  return names;
}

function notFetched(program: string, ...runs: readonly Captured[]): LocalError {
  const lines = runs.flatMap(({ stdout, stderr }) =>
    (stderr.trim() || stdout.trim()).split('\n').slice(-ERROR_LINES),
  );
  return new LocalError('package_not_fetched', `${program} said:\n  ${lines.join('\n  ')}`);
}
