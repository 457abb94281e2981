import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { structuralSchema } from '#hack/generate/structural-schema.ts';
import { arbitrarySpec } from '#hack/testing/arbitrary-spec.ts';
import { Callers } from '../testing/callers.ts';
import { type Reply, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { TestTenants } from '../testing/test-tenants.ts';
import { PARTS } from './live-tenant.ts';

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

  function call(method: string, part: string, value?: unknown): Promise<Reply> {
    return api.call(method, `/api/admin/config/${part}`, {
      token,
      headers: { 'if-match': '*' },
      ...(value === undefined ? {} : { body: { [part]: value } }),
    });
  }

  const routed = PARTS.filter((part) => part !== 'workflows');
  const change = fc.constantFrom(...routed).chain((part) => {
    const schema = structuralSchema(tenantSpecSchema.shape[part].unwrap());
    const value = fc.oneof({ weight: 5, arbitrary: arbitrarySpec(schema) }, fc.jsonValue());
    return fc.record({ method: fc.constantFrom('PUT', 'PATCH'), part: fc.constant(part), value });
  });

  test('are taken whole or refused by their fields, and never a fault of ours', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(change, async ({ method, part, value }) => {
        const reply = await call(method, part, value);
        expect([200, 400, 405], JSON.stringify(reply.body)).toContain(reply.status);
        if (reply.status === 400) expect(reply.body.errors.length).toBeGreaterThan(0);
        if (reply.status === 200) expect((await call('GET', part)).body).toEqual(reply.body);
      }),
      { numRuns: 150 },
    );
  });

  test('any text is kept as it is, or refused', { timeout: 60_000 }, async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(text, text, async (title, words) => {
        const articles = [{ title, text: words }];
        const reply = await call('PUT', 'knowledge', articles);
        expect([200, 400], JSON.stringify(reply.body)).toContain(reply.status);
        if (reply.status === 200)
          expect((await call('GET', 'knowledge')).body).toEqual({ knowledge: articles });
      }),
      { numRuns: 150 },
    );
  });
});
