/** One run of `go build` for several programs at once, so that one links while another compiles. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import { capture } from '#hack/local/capture.ts';
import { LocalError } from '#hack/local/local-error.ts';
import type { Progress } from '#hack/local/progress.ts';
import { assertSpace } from '#hack/local/user-cache.ts';

const GO_VERSION_TIMEOUT_MS = 30_000;
// Measured: 0.6 GB of modules, 1.6 GB of Go's build cache, 0.5 GB of programs.
const NEEDED_BYTES = 3 * 1024 ** 3;
// The compiler collects its own garbage less often than by default: a few hundred MB more, a sixth less time.
const COMPILER_GOGC = '400';
const TELL_MS = 1_000;
const ERROR_LINES = 15;

export interface GoBuildOptions {
  readonly directory: string;
  readonly flags: readonly string[];
  /** An existing empty folder that gets the programs. */
  readonly output: string;
  readonly packages: readonly { readonly name: string; readonly path: string }[];
  readonly progress: Progress;
}

/** Builds all packages; throws a LocalError that says what to do where it cannot. */
export async function goBuild(options: GoBuildOptions): Promise<void> {
  const { progress, directory } = options;
  await assertGo();
  assertSpace(options.output, NEEDED_BYTES, 'Building Kubernetes');
  const names = options.packages.map(({ name }) => name).join(', ');
  const paths = options.packages.map(({ path }) => path);
  progress.line(`building ${names} from source (once; several minutes on 2 cores)`);
  const began = performance.now();
  const elapsed = () => `${Math.round((performance.now() - began) / 1_000)} s`;

  let downloaded = 0;
  progress.state('  fetching Go modules');
  const list = await runGo(['list', '-deps', ...paths], directory, (line) => {
    if (line.startsWith('go: downloading')) downloaded += 1;
    progress.state(`  fetching Go modules: ${downloaded}, ${elapsed()}`);
  });
  const total = list.length;
  let compiled = 0;
  const built = new Set<string>();
  const tell = () => {
    for (const name of readdirSync(options.output).filter((name) => !built.has(name))) {
      built.add(name);
      progress.line(`  ${name}: built after ${elapsed()}`);
    }
    // Those that Go has in its own cache are not compiled again.
    progress.state(`  compiled ${compiled} of up to ${total} Go packages, ${elapsed()}`);
  };
  const timer = setInterval(tell, TELL_MS);
  try {
    const args = ['build', '-v', ...options.flags, '-o', `${options.output}/`, ...paths];
    await runGo(args, directory, () => {
      compiled += 1;
    });
    tell();
  } finally {
    clearInterval(timer);
  }
}

/** Runs go; resolves to the lines of its standard output, tells each line of its standard error. */
async function runGo(
  args: readonly string[],
  directory: string,
  onErrorLine: (line: string) => void,
): Promise<string[]> {
  const child = spawn('go', args, {
    cwd: directory,
    env: { GOGC: COMPILER_GOGC, ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const lastErrors: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => output.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastErrors.push(line);
    if (lastErrors.length > ERROR_LINES) lastErrors.shift();
    onErrorLine(line);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status === 0) return output;
  throw new LocalError(
    'go_failed',
    `go ${args[0]} failed in ${directory} (a missing network and a full disk are the usual reasons):\n  ${lastErrors.join('\n  ')}`,
  );
}

/** Go ≥ 1.21 fetches by itself the newer toolchain that go.mod asks for. */
async function assertGo(): Promise<void> {
  const settings = ['env', 'GOVERSION', 'GOMODCACHE', 'GOCACHE'];
  const { status, stdout } = await capture('go', settings, GO_VERSION_TIMEOUT_MS);
  const [version = '', ...folders] = stdout.trimEnd().split('\n');
  const [, minor] = /go1\.(\d+)/.exec(version) ?? [];
  if (status !== 0 || minor === undefined || Number(minor) < 21) {
    const found = status === 0 ? `it is ${version} here` : 'there is none on the PATH';
    throw new LocalError(
      'no_go',
      `Building Kubernetes needs Go 1.21 or newer, and ${found}: install it from https://go.dev/dl/.`,
    );
  }
  for (const folder of folders) makeGoFolder(folder);
}

/** Where Go keeps modules, or what it has compiled; it knows of none where there is no HOME. */
function makeGoFolder(folder: string): void {
  try {
    if (!isAbsolute(folder)) throw new Error(`go env says ${JSON.stringify(folder)}`);
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new LocalError(
      'go_folder_not_writable',
      `Go has no folder for what it fetches and builds${isAbsolute(folder) ? `: ${folder} cannot be made` : ''}. ` +
        'Set HOME to a folder that can be written, or GOMODCACHE and GOCACHE.',
      { cause: error },
    );
  }
}
