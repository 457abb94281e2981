/**
 * The servers that one test run shares. Several projects of vitest may want the same one: the first to ask
 * starts it, and when the last project is done everything ends.
 */
import { Instance, listInstances } from '#hack/local/instance.ts';

const PREFIX = 'test-';
const KEY = Symbol.for('veralux.sharedServices');

interface Shared {
  readonly instance: Promise<Instance>;
  readonly started: Map<string, Promise<unknown>>;
  users: number;
}

/**
 * Runs `start` once in this test run, whichever projects ask for `name`, and gives its result to `provide`.
 * Returns the project's tear-down. When `start` fails, what runs already is ended and its error is thrown.
 */
export async function shareService<T>(
  name: string,
  start: (instance: Instance) => Promise<T>,
  provide: (service: T) => void,
): Promise<() => Promise<void>> {
  // Each project loads this module anew, so what they share lies on the global object.
  const holder = globalThis as { [KEY]?: Shared };
  const shared = (holder[KEY] ??= { instance: openInstance(), started: new Map(), users: 0 });
  shared.users += 1;
  const release = async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete holder[KEY];
    await (await shared.instance).remove();
  };
  try {
    const running = shared.started.get(name) ?? shared.instance.then(start);
    shared.started.set(name, running);
    provide((await running) as T);
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}

/** An instance of this test run; what a run that was killed left is removed on the way. */
async function openInstance(): Promise<Instance> {
  for (const name of listInstances().filter((name) => name.startsWith(PREFIX))) {
    const old = new Instance(name);
    if (old.holder === undefined) await old.remove();
  }
  const instance = await Instance.open(`${PREFIX}${process.pid}`);
  instance.endOnSignal();
  // Vitest ends itself a moment after SIGINT.
  instance.endAfterExit();
  return instance;
}
