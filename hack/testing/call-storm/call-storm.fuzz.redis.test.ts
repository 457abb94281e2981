import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fuzzRuns, fuzzSeed } from '../fuzz-runs.ts';
import { providedService } from '../provided-service.ts';
import { breachesIn } from './invariants.ts';
import { KEPT } from './kept-schedules.ts';
import { NAMED } from './named-schedules.ts';
import { arbitrarySchedule, type Schedule } from './schedule.ts';
import { Storm } from './storm.ts';
import { PATIENT, SMALL } from './test-sizes.ts';
import { StormWorld } from './world.ts';

const RUNS = fuzzRuns(6);
/** Those of the named ones that tell a runtime which forgets a rule, and are over in seconds. */
const SHOWN = [
  'callers-hang-up-while-the-agent-speaks',
  'every-stream-breaks',
  'commands-fail',
  'two-sockets-with-one-token',
];
const RUN_TIMEOUT_MS = 300_000;
let world: StormWorld;

beforeAll(async () => {
  world = await StormWorld.open({ instance: providedService('veraluxRedis').instance, pods: 2 });
});

afterAll(() => world.close());

async function weather(schedule: Schedule): Promise<void> {
  expect(breachesIn(await new Storm(world, schedule).run(), PATIENT)).toEqual([]);
}

const GIVEN = {
  ...KEPT,
  ...Object.fromEntries(Object.entries(NAMED).filter(([name]) => SHOWN.includes(name))),
};

test.each(Object.entries(GIVEN))('weathers %s', (_what, schedule) => weather(schedule), RUN_TIMEOUT_MS);

test(
  'whatever happens to pods, Redis and the carrier, no call is dropped, and both books agree',
  async () => {
    await fc.assert(fc.asyncProperty(arbitrarySchedule(SMALL), weather), {
      ...fuzzSeed(),
      numRuns: RUNS,
      endOnFailure: true,
    });
  },
  RUNS * RUN_TIMEOUT_MS,
);
