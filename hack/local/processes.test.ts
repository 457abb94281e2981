import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isSameProcess, processIdentity } from './process-identity.ts';
import { Processes } from './processes.ts';
import { waitUntil } from './wait-until.ts';

const FOREVER = { command: 'sleep', args: ['600'] };

describe('processes', () => {
  let directory: string;
  let processes: Processes;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'veralux-processes-'));
    processes = new Processes(directory);
  });
  afterEach(async () => {
    await processes.endAll();
    rmSync(directory, { recursive: true });
  });

  const records = () => readdirSync(join(directory, 'processes'));

  test('are ended by somebody who only has the records, last started first', async () => {
    const first = await processes.start({ name: 'first', ...FOREVER });
    const second = await processes.start({ name: 'second', ...FOREVER });
    expect(await new Processes(directory).endAll()).toEqual(['second', 'first']);
    expect([first.isRunning(), second.isRunning()]).toEqual([false, false]);
    expect(records()).toEqual([]);
  });

  test('that ignore the request to end are killed', async () => {
    const script = 'process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)';
    const deaf = await processes.start({ name: 'deaf', command: process.execPath, args: ['-e', script] });
    await deaf.ready(async () => readFileSync(deaf.logPath, 'utf8').includes('deaf'), 10_000);
    expect(await new Processes(directory, { endTimeoutMs: 200 }).endAll()).toEqual(['deaf']);
    expect(deaf.isRunning()).toBe(false);
  });

  test('that were killed by somebody else are forgotten', async () => {
    const victim = await processes.start({ name: 'victim', ...FOREVER });
    process.kill(victim.pid, 'SIGKILL');
    expect(await waitUntil(() => !victim.isRunning(), 5_000)).toBe(true);
    expect(await processes.endAll()).toEqual([]);
    expect(records()).toEqual([]);
  });

  test('are killed by name, one alone, also by somebody who only has the records', async () => {
    const [first, second] = [
      await processes.start({ name: 'first', ...FOREVER }),
      await processes.start({ name: 'second', ...FOREVER }),
    ];
    const others = new Processes(directory);
    await others.kill('first');
    expect([first.isRunning(), second.isRunning()]).toEqual([false, true]);
    await expect(others.kill('first')).rejects.toThrow('no running process first');
  });

  test('are asked to end by name, which lets them finish what they do', async () => {
    const script =
      'process.on("SIGTERM", () => { console.log("bye"); process.exit(); }); console.log("here"); setInterval(() => {}, 1000)';
    const polite = await processes.start({ name: 'polite', command: process.execPath, args: ['-e', script] });
    await polite.ready(async () => readFileSync(polite.logPath, 'utf8').includes('here'), 10_000);
    await new Processes(directory).end('polite');
    expect(readFileSync(polite.logPath, 'utf8')).toContain('bye');
    expect(records()).toEqual([]);
  });

  test('whose pid now belongs to another program are left alone', async () => {
    const stranger = spawn(FOREVER.command, FOREVER.args);
    await once(stranger, 'spawn');
    const record = {
      name: 'old',
      pid: stranger.pid,
      identity: 'an-earlier-boot:1',
      stopSignal: 'SIGTERM',
      argv: [],
    };
    writeFileSync(join(directory, 'processes', '001-old.json'), JSON.stringify(record));
    expect(await processes.endAll()).toEqual([]);
    expect(processIdentity(stranger.pid ?? 0)).toBeDefined();
    expect(records()).toEqual([]);
    stranger.kill('SIGKILL');
  });

  test('that die while starting are reported with the end of their log', async () => {
    const args = ['-c', 'echo the disk is on fire; exit 3'];
    const server = await processes.start({ name: 'server', command: 'bash', args });
    const ready = server.ready(async () => false, 10_000);
    await expect(ready).rejects.toThrow(/server ended with status 3 while starting[^]*the disk is on fire/);
  });

  test('that cannot be run are reported by name', async () => {
    const start = processes.start({ name: 'ghost', command: '/nonexistent/ghost', args: [] });
    await expect(start).rejects.toThrow(/ghost cannot be run/);
  });

  test('are not started any more once everything is being ended', async () => {
    await processes.close();
    await expect(processes.start({ name: 'late', ...FOREVER })).rejects.toThrow(/the end has begun/);
  });

  test('that have ended do not end a later one of their name', async () => {
    const first = await processes.start({ name: 'same', ...FOREVER });
    await first.kill();
    const second = await processes.start({ name: 'same', ...FOREVER });
    await first.kill();
    await first.end();
    expect(second.isRunning()).toBe(true);
  });

  test('of a part are named by it, and none starts once the whole is ended', async () => {
    const part = processes.part('pods-');
    await part.start({ name: 'one', ...FOREVER });
    expect(await processes.close()).toEqual(['pods-one']);
    await expect(part.start({ name: 'two', ...FOREVER })).rejects.toThrow(/the end has begun/);
  });

  test('started by several starters in one directory are all recorded', async () => {
    const starters = Array.from({ length: 4 }, () => new Processes(directory));
    await Promise.all(starters.map((starter, index) => starter.start({ name: `p${index}`, ...FOREVER })));
    expect(
      processes
        .running()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['p0', 'p1', 'p2', 'p3']);
  });
});

describe('the identity of a process', () => {
  test('is stable, and none remains of one that has ended', async () => {
    const child = spawn(FOREVER.command, FOREVER.args);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const identity = processIdentity(pid) ?? '';
    expect(isSameProcess(pid, identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processIdentity(pid)).toBeUndefined();
    expect(isSameProcess(pid, identity)).toBe(false);
  });
});
