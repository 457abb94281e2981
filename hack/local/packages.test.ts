import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Captured, capture } from './capture.ts';
import { type Machine, missingPackages, pathWithPackages } from './packages.ts';

const FAILED: Captured = { status: 1, stdout: '', stderr: '' };
const DONE: Captured = { status: 0, stdout: '', stderr: '' };
const PROGRAMS = ['redis-server', 'flite', 'pocketsphinx'];

describe('the packages of the operating system', () => {
  let folder: string;
  let ran: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'veralux-path-'));
    ran = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const install = (program: string, script = 'exit 0') =>
    writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

  /** A Debian on whose PATH none of our programs is; `answer` plays what is run there. */
  function machine(answer: (command: string, args: readonly string[]) => Captured): Machine {
    install('apt-get');
    return {
      path: folder,
      isRoot: false,
      cache: join(folder, 'cache'),
      run: async (command, args) => {
        ran.push([command, ...args.filter((arg) => !arg.startsWith('-') && !arg.includes('='))].join(' '));
        return answer(command, args);
      },
    };
  }
  const found = (on: Machine) => pathWithPackages({ line: () => undefined, state: () => undefined }, on);

  /** apt-get and dpkg-deb, whose packages hold a program of their name that tells its arguments. */
  function archive(command: string, args: readonly string[]): Captured | Promise<Captured> {
    if (command === 'sudo') return FAILED;
    if (command === 'apt-get' && args[0] === 'install') {
      const cache = args.find((arg) => arg.startsWith('Dir::Cache='))?.slice('Dir::Cache='.length) ?? '';
      for (const name of args.slice(args.indexOf('--') + 1)) {
        writeFileSync(join(cache, 'archives', `${name}_1_all.deb`), '');
      }
    }
    if (command === 'dpkg-deb') {
      const [, file = '', root = ''] = args;
      const program = join(root, 'usr/bin', basename(file).replace(/_.*/, ''));
      const library = join(root, 'usr/lib/any-triplet/private/lib.so.1');
      for (const path of [program, library, join(root, 'usr/share/pocketsphinx/model/en-us/en-us/mdef')]) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '#!/bin/sh\necho "$LD_LIBRARY_PATH" "$@"\n', { mode: 0o755 });
      }
    }
    return command.startsWith('/') ? capture(command, args, 10_000) : DONE;
  }
  const ordinaryUser = (answer = archive): Machine => {
    const on = machine(() => DONE);
    return {
      ...on,
      run: async (command, args, timeoutMs) => {
        await on.run(command, args, timeoutMs);
        return answer(command, args);
      },
    };
  };

  test('are missing where the PATH has none of their programs', () => {
    expect(missingPackages('/nonexistent')).toEqual(expect.arrayContaining(PROGRAMS));
  });

  test.each(['pocketsphinx', 'pocketsphinx_continuous'])(
    'count by any name of their program: %s',
    (program) => {
      install(program);
      expect(missingPackages(`/nonexistent:${folder}`)).not.toContain('pocketsphinx');
    },
  );

  test('are installed by root, and by who may become root unasked', async () => {
    const playInstall = () => {
      for (const program of PROGRAMS) install(program);
      return DONE;
    };
    const missing = missingPackages(folder).join(' ');
    const asRoot = { ...machine(playInstall), isRoot: true };
    // The model lies outside the PATH, so it stays missing on a machine that has none.
    await found(asRoot).catch(() => undefined);
    expect(ran).toEqual([`env bash ${missing}`]);

    for (const program of PROGRAMS) rmSync(join(folder, program));
    ran = [];
    await found(machine(playInstall)).catch(() => undefined);
    expect(ran).toEqual(['sudo true', `env sudo bash ${missing}`]);
  });

  test('are unpacked for a user who may not install, and found first on the PATH', async () => {
    const path = await found(ordinaryUser());
    const [bin = '', rest] = path.split(':');
    expect(rest).toBe(folder);
    expect(readdirSync(bin).sort()).toEqual(PROGRAMS.toSorted());
    const { stdout } = await capture('flite', ['a b', '$c'], 10_000, {
      env: { PATH: `${bin}:/usr/bin:/bin` },
    });
    const root = join(bin, '../root');
    expect(stdout.replaceAll('/bin/..', '')).toBe(`${root}/usr/lib/any-triplet/private a b $c\n`);
  });

  test('give an unpacked recogniser the model beside it', async () => {
    const [bin = ''] = (await found(ordinaryUser())).split(':');
    const { stdout } = await capture(join(bin, 'pocketsphinx'), ['single'], 10_000);
    expect(stdout).toMatch(
      / -hmm (\S*)\/en-us -lm \1\/en-us\.lm\.bin -dict \1\/cmudict-en-us\.dict single\n$/,
    );
  });

  test('are fetched once, and anew when what was unpacked no longer runs', async () => {
    const user = ordinaryUser();
    const path = await found(user);
    ran = [];
    expect(await found(user)).toBe(path);
    expect(ran.filter((line) => line.startsWith('apt-get'))).toEqual([]);
    rmSync(join(path.split(':')[0] ?? '', '../root/usr/bin/flite'));
    expect(await found(user)).toBe(path);
    expect(ran.filter((line) => line.startsWith('apt-get'))).toHaveLength(2);
  });

  test('that cannot be fetched are told with the command, and with what apt-get said', async () => {
    const offline = (command: string, args: readonly string[]) =>
      command === 'apt-get' && args[0] === 'update'
        ? { status: 0, stdout: '', stderr: 'W: no network\n' }
        : { status: command === 'apt-get' ? 100 : 1, stdout: '', stderr: 'E: no candidate\n' };
    await expect(found(ordinaryUser(offline))).rejects.toMatchObject({
      code: 'package_missing',
      message: expect.stringMatching(
        /run "sudo apt-get install .*redis-server[^]*W: no network\n *E: no candidate/,
      ),
    });
  });

  test('that apt-get passes over without a failure count as not fetched', async () => {
    const passesOver = (command: string) => (command === 'sudo' ? FAILED : DONE);
    await expect(found(ordinaryUser(passesOver))).rejects.toMatchObject({ code: 'package_missing' });
  });

  test('are asked for where there is no apt-get', async () => {
    const elsewhere = { ...machine(() => DONE), path: '/nonexistent' };
    await expect(found(elsewhere)).rejects.toThrow(/redis-server, flite.*your own package manager/);
    expect(ran).toEqual([]);
  });
});
