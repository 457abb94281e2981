/** Builds our programs from their Go modules into the user's cache, one folder for each set of inputs. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Progress } from '#hack/local/progress.ts';
import { fillCache, userCache } from '#hack/local/user-cache.ts';
import { goBuild } from './go-build.ts';
import type { ProgramName } from './program-name.ts';

const MODULE = fileURLToPath(new URL('.', import.meta.url));
const KWOK_MODULE = join(MODULE, 'kwok');
const VERSION = 'k8s.io/component-base/version';
const LDFLAGS = `-s -w -X ${VERSION}.gitVersion=v1.35.4 -X ${VERSION}.gitMajor=1 -X ${VERSION}.gitMinor=35`;

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
  const folder = join(userCache(), 'kubernetes', moduleHash(module.directory, module.flags));
  const missing = () => names.filter((name) => !existsSync(join(folder, name)));
  await fillCache({
    folder,
    what: 'the Kubernetes programs',
    isFilled: () => missing().length === 0,
    progress,
    async fill(draft) {
      const wanted = missing();
      await goBuild({
        directory: module.directory,
        flags: module.flags,
        output: draft,
        packages: wanted.map((name) => ({ name, path: module.packageOf(name) })),
        progress,
      });
      for (const name of wanted) renameSync(join(draft, name), join(folder, name));
    },
  });
  return new Map(names.map((name) => [name, join(folder, name)]));
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
