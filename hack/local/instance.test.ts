import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endInstances } from './end-instances.ts';
import { Instance } from './instance.ts';
import { processIdentity } from './process-identity.ts';

const MODULE = fileURLToPath(new URL('instance.ts', import.meta.url));

describe('an instance', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'veralux-instance-'));
  });
  afterEach(async () => {
    await endInstances(root);
    rmSync(root, { recursive: true });
  });

  /** Another program that opens `name`, starts a process in it, says that process' pid and waits. */
  async function startOther(
    name: string,
    ending: string,
  ): Promise<{ kill: (signal: NodeJS.Signals) => Promise<void>; pid: number }> {
    const script = `
      import { Instance } from ${JSON.stringify(MODULE)};
      const instance = await Instance.open(${JSON.stringify(name)}, ${JSON.stringify(root)});
      ${ending}
      const { pid } = await instance.processes.start({ name: 'server', command: 'sleep', args: ['600'] });
      console.log(pid);
      setInterval(() => undefined, 1_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const kill = async (signal: NodeJS.Signals) => {
      child.kill(signal);
      await once(child, 'exit');
    };
    return { kill, pid: Number(line.toString()) };
  }

  test('is cleaned when it is opened after its starter was killed', async () => {
    const other = await startOther('up', '');
    await other.kill('SIGKILL');
    expect(processIdentity(other.pid)).toBeDefined();
    writeFileSync(join(root, 'up', 'data', 'old'), '');
    const instance = await Instance.open('up', root);
    expect(processIdentity(other.pid)).toBeUndefined();
    expect(existsSync(join(instance.data, 'old'))).toBe(false);
  });

  test('is refused to a second starter while the first lives', async () => {
    const other = await startOther('up', 'instance.endOnSignal();');
    await expect(Instance.open('up', root)).rejects.toThrow(/"up" is being used by process \d+/);
    await other.kill('SIGTERM');
    const instance = await Instance.open('up', root);
    expect(instance.holder).toBe(process.pid);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends its processes when its starter gets %s',
    async (signal) => {
      const other = await startOther('demo', 'instance.endOnSignal();');
      await other.kill(signal);
      expect(processIdentity(other.pid)).toBeUndefined();
      expect(existsSync(join(root, 'demo', 'data'))).toBe(false);
      expect(existsSync(join(root, 'demo', 'logs', 'server.log'))).toBe(true);
    },
  );

  test('is removed after its starter ended itself before it could do so', async () => {
    const other = await startOther(
      'demo',
      `
      instance.endAfterExit();
      process.on('SIGINT', () => process.exit(130));`,
    );
    await other.kill('SIGINT');
    await expect.poll(() => existsSync(join(root, 'demo'))).toBe(false);
    expect(processIdentity(other.pid)).toBeUndefined();
  });

  test('left running is ended by name, once', async () => {
    const instance = await Instance.open('up', root);
    await instance.processes.start({ name: 'server', command: 'sleep', args: ['600'] });
    instance.leaveRunning();
    expect(await endInstances(root)).toEqual(['up: ended server']);
    expect(await endInstances(root)).toEqual([]);
  });

  test('is ended together with its living starter', async () => {
    const other = await startOther('demo', 'instance.endOnSignal();');
    expect(await endInstances(root)).toEqual(['demo: ended its starter']);
    expect(processIdentity(other.pid)).toBeUndefined();
  });

  test('of tests in progress is left alone', async () => {
    const instance = await Instance.open('test-1', root);
    expect(await endInstances(root)).toEqual([
      `test-1: left alone, tests are running (process ${process.pid})`,
    ]);
    await instance.remove();
    expect(existsSync(instance.directory)).toBe(false);
  });

  test('takes a folder outside the repository away with its data', async () => {
    const instance = await Instance.open('up', root);
    const elsewhere = instance.directoryElsewhere();
    expect(existsSync(elsewhere)).toBe(true);
    await instance.endAll();
    expect(existsSync(elsewhere)).toBe(false);
  });
});
