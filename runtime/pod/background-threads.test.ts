import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { yieldToEventLoop } from './background-threads.ts';

test.runIf(process.platform === 'linux')("V8's threads go after the event loop, and only they", () => {
  const priorities = () =>
    readdirSync('/proc/self/task').map((thread) => ({
      isV8: readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').includes('V8Worker'),
      niceness: getPriority(Number(thread)),
    }));
  const others = (list: ReturnType<typeof priorities>) => list.filter(({ isV8 }) => !isV8);
  const before = priorities();
  yieldToEventLoop(silentLogger);
  const after = priorities();
  expect(after.filter(({ isV8 }) => isV8).map(({ niceness }) => niceness)).toContain(3);
  expect(others(after)).toEqual(others(before));
});
