/**
 * The programs that come as packages of the operating system: Redis, and the voices and ears of machines
 * without a GPU. What is on the PATH is used; on Debian and Ubuntu the rest is installed, if we may.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from './capture.ts';
import { LocalError } from './local-error.ts';
import type { Progress } from './progress.ts';

interface SystemPackage {
  /** Its name on Debian and Ubuntu. */
  readonly name: string;
  isPresent(path: string): boolean;
}

const MODEL_FOLDERS = ['/usr/share', '/usr/local/share'].map((folder) =>
  join(folder, 'pocketsphinx/model/en-us'),
);

const PACKAGES: readonly SystemPackage[] = [
  { name: 'redis-server', isPresent: (path) => isOnPath('redis-server', path) },
  { name: 'flite', isPresent: (path) => isOnPath('flite', path) },
  {
    name: 'pocketsphinx',
    // Version 5 has renamed its program.
    isPresent: (path) => isOnPath('pocketsphinx_continuous', path) || isOnPath('pocketsphinx', path),
  },
  { name: 'pocketsphinx-en-us', isPresent: () => MODEL_FOLDERS.some((folder) => existsSync(folder)) },
];

const SUDO_TIMEOUT_MS = 10_000;
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const ERROR_LINES = 8;

/**
 * Installs what is missing. Throws a LocalError with the exact command where this user or this system
 * does not let us.
 */
export async function ensurePackages(progress: Progress): Promise<void> {
  const path = process.env['PATH'] ?? '';
  const missing = missingPackages(path);
  if (missing.length === 0) return;
  const asRoot = process.getuid?.() === 0;
  const mayInstall = isOnPath('apt-get', path) && (asRoot || (await mayUseSudo()));
  if (!mayInstall) throw cannotInstall(missing);

  progress.line(`installing ${missing.join(', ')}`);
  const shell = ['bash', '-s', '--', ...missing];
  const { status, stdout, stderr } = await capture(
    'env',
    asRoot ? shell : ['sudo', '-n', ...shell],
    INSTALL_TIMEOUT_MS,
    { input: INSTALL_SCRIPT },
  );
  const stillMissing = missingPackages(path);
  if (status === 0 && stillMissing.length === 0) return;
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-ERROR_LINES).join('\n  ');
  throw new LocalError(
    'package_not_installed',
    `Installing ${missing.join(', ')} failed. Try: ${installCommand(missing)}\napt-get said:\n  ${words}`,
  );
}

/** The names of the packages that a machine with this PATH lacks. */
export function missingPackages(path: string): string[] {
  return PACKAGES.filter((wanted) => !wanted.isPresent(path)).map(({ name }) => name);
}

/** Whether this user may become root without being asked for a password. */
async function mayUseSudo(): Promise<boolean> {
  const { status } = await capture('sudo', ['-n', 'true'], SUDO_TIMEOUT_MS);
  return status === 0;
}

function cannotInstall(missing: readonly string[]): LocalError {
  return new LocalError(
    'package_missing',
    `Missing on this machine: ${missing.join(', ')}. Install with "${installCommand(missing)}" ` +
      '(elsewhere than on Debian and Ubuntu, by your own package manager) and try again.',
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
# The package lists may be missing or older than what the mirrors still keep.
install "$@" || { apt-get update -o DPkg::Lock::Timeout=120; install "$@"; }
case " $* " in
  *' redis-server '*)
    if command -v systemctl >/dev/null; then systemctl disable --now redis-server.service || true
    elif command -v update-rc.d >/dev/null; then update-rc.d redis-server disable || true
    fi ;;
esac
`;
