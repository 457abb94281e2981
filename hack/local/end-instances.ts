import { messageOf } from '#lib/errors/operating-error.ts';
import { INSTANCES, Instance, listInstances } from './instance.ts';
import { LocalError } from './local-error.ts';
import { processIdentity } from './process-identity.ts';
import { waitUntil } from './wait-until.ts';

/** A starter ends its own processes first; after that we end them. */
const STARTER_TIMEOUT_MS = 20_000;
const KILL_TIMEOUT_MS = 5_000;

/**
 * Ends every instance under `root`; resolves to a line for each about what was ended. A test run in
 * progress is left alone. Throws a LocalError at the end when something could not be ended.
 */
export async function endInstances(root: string = INSTANCES): Promise<string[]> {
  const lines: string[] = [];
  const problems: string[] = [];
  for (const name of listInstances(root)) {
    try {
      const line = await endInstance(new Instance(name, root));
      if (line !== undefined) lines.push(line);
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new LocalError('instance_not_ended', [...lines, ...problems].join('\n'));
  return lines;
}

async function endInstance(instance: Instance): Promise<string | undefined> {
  const { holder, name } = instance;
  const isTest = name.startsWith('test-');
  if (isTest && holder !== undefined) return `${name}: left alone, tests are running (process ${holder})`;
  const starter = holder === process.pid ? undefined : holder;
  if (starter !== undefined) await endStarter(starter);
  const running = instance.processes.running().map((process) => process.name);
  if (isTest) await instance.remove();
  else await instance.endAll();
  const ended = [...(starter === undefined ? [] : ['its starter']), ...running];
  return ended.length === 0 ? undefined : `${name}: ended ${ended.join(', ')}`;
}

async function endStarter(pid: number): Promise<void> {
  const identity = processIdentity(pid);
  const gone = () => identity === undefined || processIdentity(pid) !== identity;
  if (gone()) return;
  process.kill(pid, 'SIGTERM');
  if (await waitUntil(gone, STARTER_TIMEOUT_MS)) return;
  process.kill(pid, 'SIGKILL');
  if (!(await waitUntil(gone, KILL_TIMEOUT_MS))) {
    throw new LocalError('process_not_ended', `Process ${pid} does not end, even by SIGKILL.`);
  }
}
