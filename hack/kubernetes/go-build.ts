/** One run of `go build` for several programs at once, so that one links while another compiles. */
import { spawn } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { capture } from '#hack/local/capture.ts';
import { LocalError } from '#hack/local/local-error.ts';

const GO_VERSION_TIMEOUT_MS = 30_000;
// Measured: 0.6 GB of modules, 1.6 GB of Go's build cache, 0.5 GB of programs.
const NEEDED_BYTES = 3 * 1024 ** 3;
const REPORT_MS = 10_000;
const ERROR_LINES = 15;

export interface GoBuildOptions {
  readonly directory: string;
  readonly flags: readonly string[];
  /** An existing folder that gets the programs. */
  readonly output: string;
  readonly packages: readonly { readonly name: string; readonly path: string }[];
  readonly report: (line: string) => void;
}

export async function goBuild(options: GoBuildOptions): Promise<void> {
  await assertGo();
  assertSpace(options.output);
  const names = options.packages.map(({ name }) => name).join(', ');
  options.report(`building ${names} (once; several minutes on 2 cores)`);
  const started = performance.now();
  const elapsed = () => `${Math.round((performance.now() - started) / 1_000)} s`;

  const args = [
    'build',
    '-v',
    ...options.flags,
    '-o',
    `${options.output}/`,
    ...options.packages.map(({ path }) => path),
  ];
  const child = spawn('go', args, {
    cwd: options.directory,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lastLines: string[] = [];
  let compiled = 0;
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (/^[\w./~-]+$/.test(line)) compiled += 1;
    lastLines.push(line);
    if (lastLines.length > ERROR_LINES) lastLines.shift();
  });
  const timer = setInterval(
    () => options.report(`  ${compiled} Go packages compiled, ${elapsed()}`),
    REPORT_MS,
  );
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (status !== 0) {
      throw new LocalError(
        'go_build_failed',
        `go build failed in ${options.directory}:\n  ${lastLines.join('\n  ')}`,
      );
    }
  } finally {
    clearInterval(timer);
  }
  options.report(`built ${names} in ${elapsed()}`);
}

/** Go ≥ 1.21 fetches by itself the newer toolchain that go.mod asks for. */
async function assertGo(): Promise<void> {
  const { status, stdout } = await capture('go', ['env', 'GOVERSION'], GO_VERSION_TIMEOUT_MS);
  const [, minor] = /go1\.(\d+)/.exec(stdout) ?? [];
  if (status === 0 && minor !== undefined && Number(minor) >= 21) return;
  const found = status === 0 ? `it is ${stdout.trim()} here` : 'there is none on the PATH';
  throw new LocalError(
    'no_go',
    `Building Kubernetes needs Go 1.21 or newer, and ${found}: install it from https://go.dev/dl/.`,
  );
}

function assertSpace(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= NEEDED_BYTES) return;
  const free = ((bavail * bsize) / 1024 ** 3).toFixed(1);
  throw new LocalError(
    'disk_full',
    `Building Kubernetes needs 3 GB and ${directory} has ${free} GB free: make room and try again.`,
  );
}
