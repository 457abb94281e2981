import { afterAll, beforeAll } from 'vitest';
import { Callers } from './callers.ts';
import { startTestApi, type TestApi, type TestApiOptions } from './test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from './test-database.ts';

/** The API over a database of its own, and those who call it. */
export interface TestSite {
  readonly database: MigratedDatabase;
  readonly api: TestApi;
  readonly callers: Callers;
}

/** For a `describe`: its site is there from before the first of its tests until after the last. */
export function testSite(options: TestApiOptions = {}): TestSite {
  const site = {} as { -readonly [Part in keyof TestSite]: TestSite[Part] };
  beforeAll(async () => {
    site.database = await createMigratedDatabase();
    site.api = await startTestApi(site.database, options);
    site.callers = new Callers(site.database, site.api);
  });
  afterAll(async () => {
    await site.api.stop();
    await site.database.drop();
  });
  return site;
}
