/**
 * The programs that come as packages of the operating system: Redis, the voices and ears of machines
 * without a GPU, and for benches tools of sound. What is on the PATH is used; on Debian and Ubuntu the rest is installed, if we may, and
 * otherwise unpacked for this user alone.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '#lib/errors/operating-error.ts';
import { capture } from './capture.ts';
import { LocalError } from './local-error.ts';
import type { Progress } from './progress.ts';
import { type UnpackedPackage, unpackPackages } from './unpack-packages.ts';

/** By their names on Debian and Ubuntu: what the programs, the demonstration and the tests need. */
const PACKAGES: readonly UnpackedPackage[] = [
  // Its program is a link to one of redis-tools.
  { name: 'redis-server', programs: ['redis-server'], part: 'redis-tools' },
  { name: 'flite', programs: ['flite'] },
  // Version 5 has renamed its program.
  { name: 'pocketsphinx', programs: ['pocketsphinx_continuous', 'pocketsphinx'] },
  { name: 'pocketsphinx-en-us', programs: [] },
];

/** What benches measure our handling of sound beside. */
export const SOUND_TOOLS: readonly UnpackedPackage[] = [
  { name: 'sox', programs: ['sox'] },
  { name: 'ffmpeg', programs: ['ffmpeg'] },
];

const MODEL_FOLDERS = ['/usr/share', '/usr/local/share'].map((folder) =>
  join(folder, 'pocketsphinx/model/en-us'),
);

const SUDO_TIMEOUT_MS = 10_000;
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const ERROR_LINES = 8;

export interface Machine {
  readonly path: string;
  readonly isRoot: boolean;
  readonly run: typeof capture;
  /** Of packages that are unpacked for this user. */
  readonly cache?: string;
  /** What is wanted; default: all that the programs and tests need. */
  readonly packages?: readonly UnpackedPackage[];
}

/**
 * Makes the programs available to this process and to what it starts, by its PATH. Throws a LocalError that
 * says what to do where it cannot.
 */
export async function ensurePackages(
  progress: Progress,
  packages: readonly UnpackedPackage[] = PACKAGES,
): Promise<void> {
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = await pathWithPackages(progress, {
    path,
    isRoot: process.getuid?.() === 0,
    run: capture,
    packages,
  });
}

/** The PATH on which all programs are found, once what is missing on the machine's was installed or unpacked. */
export async function pathWithPackages(progress: Progress, machine: Machine): Promise<string> {
  const { path, isRoot, run, packages = PACKAGES } = machine;
  const missing = missingPackages(path, packages);
  if (missing.length === 0) return path;
  if (!isOnPath('apt-get', path)) throw cannotInstall(missing);
  if (isRoot || (await mayUseSudo(machine))) {
    await install(missing, progress, machine);
    return path;
  }
  try {
    const { cache } = machine;
    const options = { run, progress, ...(cache === undefined ? {} : { cache }) };
    return [await unpackPackages(toUnpack(missing, packages), options), path].join(delimiter);
  } catch (error) {
    if (!(error instanceof LocalError) || error.code !== 'package_not_fetched') throw error;
    throw cannotFetch(missing, error);
  }
}

/** The names of the packages that a machine with this PATH lacks. */
export function missingPackages(path: string, packages: readonly UnpackedPackage[] = PACKAGES): string[] {
  const hasModel = MODEL_FOLDERS.some((folder) => existsSync(folder));
  const isPresent = ({ programs }: UnpackedPackage) =>
    programs.length === 0 ? hasModel : programs.some((program) => isOnPath(program, path));
  return packages.filter((wanted) => !isPresent(wanted)).map(({ name }) => name);
}

/** An installed program does not know of an unpacked model, so both are unpacked. */
function toUnpack(missing: readonly string[], packages: readonly UnpackedPackage[]): UnpackedPackage[] {
  const needsModel = missing.includes('pocketsphinx-en-us');
  return packages.filter(({ name }) => missing.includes(name) || (needsModel && name === 'pocketsphinx'));
}

async function install(missing: readonly string[], progress: Progress, machine: Machine): Promise<void> {
  progress.line(`installing ${missing.join(', ')}`);
  const shell = ['bash', '-s', '--', ...missing];
  const command = machine.isRoot ? shell : ['sudo', '-n', ...shell];
  const { status, stdout, stderr } = await machine.run('env', command, INSTALL_TIMEOUT_MS, {
    input: INSTALL_SCRIPT,
  });
  if (status === 0 && missingPackages(machine.path, machine.packages).length === 0) return;
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-ERROR_LINES).join('\n  ');
  throw new LocalError(
    'package_not_installed',
    `Installing ${missing.join(', ')} failed. Try: ${installCommand(missing)}\napt-get said:\n  ${words}`,
  );
}

/** Whether this user may become root without being asked for a password. */
async function mayUseSudo({ run }: Machine): Promise<boolean> {
  const { status } = await run('sudo', ['-n', 'true'], SUDO_TIMEOUT_MS);
  return status === 0;
}

function cannotInstall(missing: readonly string[]): LocalError {
  return new LocalError(
    'package_missing',
    `Missing on this machine: ${missing.join(', ')}, as Debian names them. There is no apt-get to fetch them ` +
      'with: install them by your own package manager and try again.',
  );
}

function cannotFetch(missing: readonly string[], cause: LocalError): LocalError {
  return new LocalError(
    'package_missing',
    `Missing on this machine: ${missing.join(', ')}. This user may not install them, and they could not be ` +
      'fetched for this user alone (a missing network and a full disk are the usual reasons): mend that, or have ' +
      `an administrator run "${installCommand(missing)}", and try again. ${messageOf(cause)}`,
    { cause },
  );
}

function installCommand(packages: readonly string[]): string {
  return `sudo apt-get install --no-install-recommends ${packages.join(' ')}`;
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}

/**
 * Installs its arguments without removing anything and without leaving a service behind: policy-rc.d, for
 * the time of the installation, keeps packages from starting theirs, and Redis's is disabled afterwards.
 */
const INSTALL_SCRIPT = `
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 143' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
install() {
  apt-get install --yes --no-remove --no-install-recommends -o DPkg::Lock::Timeout=120 -- "$@"
}
# The package lists may be missing or older than what the mirrors still keep; a source that does not answer
# matters only where a package is not found without it.
install "$@" || { apt-get update -o DPkg::Lock::Timeout=120 || true; install "$@"; }
case " $* " in
  *' redis-server '*)
    if command -v systemctl >/dev/null; then systemctl disable --now redis-server.service || true
    elif command -v update-rc.d >/dev/null; then update-rc.d redis-server disable || true
    fi ;;
esac
`;
