import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMigratedDatabase, type MigratedDatabase } from '#apiserver/testing/test-database.ts';
import { fuzzRuns, fuzzSeed } from '../fuzz-runs.ts';
import { providedService } from '../provided-service.ts';
import { breachesIn } from './invariants.ts';
import { PostgresLedger } from './postgres-ledger.ts';
import { arbitrarySchedule } from './schedule.ts';
import { Storm } from './storm.ts';
import { PATIENT, SMALL } from './test-sizes.ts';
import { StormWorld } from './world.ts';

const RUNS = fuzzRuns(3);
const RUN_TIMEOUT_MS = 300_000;

let database: MigratedDatabase;
let world: StormWorld;

beforeAll(async () => {
  database = await createMigratedDatabase();
  world = await StormWorld.open({
    instance: providedService('veraluxRedis').instance,
    pods: 2,
    openLedger: (redisURL) => new PostgresLedger(redisURL, database),
  });
});

afterAll(async () => {
  await world.close();
  await database.drop();
});

test(
  'whatever happens, Postgres has each call once, with the seconds of the carrier',
  async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySchedule(SMALL), async (schedule) => {
        expect(breachesIn(await new Storm(world, schedule).run(), PATIENT)).toEqual([]);
      }),
      { ...fuzzSeed(), numRuns: RUNS, endOnFailure: true },
    );
  },
  RUNS * RUN_TIMEOUT_MS,
);
