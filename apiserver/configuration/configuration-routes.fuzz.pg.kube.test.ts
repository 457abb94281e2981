import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { structuralSchema } from '#hack/generate/structural-schema.ts';
import { arbitrarySpec } from '#hack/testing/arbitrary-spec.ts';
import { Callers } from '../testing/callers.ts';
import { type Reply, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { TestTenants } from '../testing/test-tenants.ts';
import type { PartName } from './live-tenant.ts';
import { SECTIONS } from './section.ts';

describe('random configurations', () => {
  let database: MigratedDatabase;
  let tenants: TestTenants;
  let api: TestApi;
  let token: string;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    tenants = new TestTenants(database, 'fuzz');
    api = await startTestApi(database, {
      cluster: { kube: tenants.kube, informer: { get: () => undefined } },
    });
    const callers = new Callers(database, api);
    const { tenantID } = await tenants.make();
    token = await callers.token(await callers.person(tenantID, 'Admin'));
  });
  afterAll(async () => {
    await api.stop();
    await tenants.close();
    await database.drop();
  });

  function call(method: string, path: string, body?: object): Promise<Reply> {
    return api.call(method, `/api/admin/config/${path}`, {
      token,
      headers: { 'if-match': '*' },
      ...(body === undefined ? {} : { body }),
    });
  }

  const valueOf = (part: PartName) =>
    fc.oneof(
      { weight: 5, arbitrary: arbitrarySpec(structuralSchema(tenantSpecSchema.shape[part])) },
      fc.jsonValue(),
    );
  const change = fc.constantFrom(...SECTIONS).chain(({ name, parts }) =>
    fc.record({
      method: fc.constantFrom('PUT', 'PATCH'),
      path: fc.constant(name),
      body: fc.record(Object.fromEntries(parts.map((part) => [part, valueOf(part)]))),
    }),
  );

  test('are taken whole or refused by their fields, and never a fault of ours', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(change, async ({ method, path, body }) => {
        const reply = await call(method, path, body);
        expect([200, 400, 405], JSON.stringify(reply.body)).toContain(reply.status);
        if (reply.status === 400) expect(reply.body.errors.length).toBeGreaterThan(0);
        if (reply.status === 200) expect((await call('GET', path)).body).toEqual(reply.body);
      }),
      { numRuns: 150 },
    );
  });

  test('any text is kept as it is, or refused', { timeout: 60_000 }, async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(text, text, async (title, words) => {
        const articles = [{ title, text: words }];
        const reply = await call('PUT', 'knowledge', { knowledge: articles });
        expect([200, 400], JSON.stringify(reply.body)).toContain(reply.status);
        if (reply.status === 200)
          expect((await call('GET', 'knowledge')).body).toEqual({ knowledge: articles });
      }),
      { numRuns: 150 },
    );
  });
});
