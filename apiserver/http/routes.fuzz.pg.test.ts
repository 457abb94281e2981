import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', '\ud800', '', '%00', "'; --"));
const valid = { email: 'a@example.com', password: 'SecureP@ss123', name: 'A', companyName: 'B' };

/** A good signup with some of its fields gone, replaced or joined by others. */
const mutated = fc
  .record(
    {
      email: fc.oneof(fc.emailAddress(), anyText, fc.jsonValue()),
      password: fc.oneof(anyText, fc.jsonValue()),
      name: fc.oneof(anyText, fc.jsonValue()),
      companyName: fc.oneof(anyText, fc.jsonValue()),
      extra: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .map((change) => ({ ...valid, ...change }));

describe('random requests', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let token: string;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
    ({ token } = await api.signUp('fuzz'));
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  test.each(['/api/auth/signup', '/api/auth/login'])('no body makes %s answer 5xx', async (path) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, fc.jsonValue(), anyText), async (body) => {
        const reply = await api.call('POST', path, { body: body ?? 'null' });
        expect(reply.status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
  });

  test('no path or query makes a list or a call answer 5xx', async () => {
    const cursor = fc.record({
      at: fc.oneof(
        anyText,
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      ),
      id: fc.oneof(fc.uuid(), anyText),
    });
    const query = fc.oneof(
      fc.webQueryParameters(),
      cursor.map((position) => `cursor=${Buffer.from(JSON.stringify(position)).toString('base64url')}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('calls', 'leads', 'usage', 'calls/'),
        fc.webSegment(),
        query,
        async (list, segment, parameters) => {
          const path = `/api/admin/${list}${list.endsWith('/') ? segment : ''}?${parameters}`;
          const reply = await api.call('GET', path, { token });
          expect(reply.status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
  });
});
