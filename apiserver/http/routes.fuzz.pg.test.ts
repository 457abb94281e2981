import * as fc from 'fast-check';
import { sample } from 'openapi-sampler';
import { beforeAll, describe, expect, test } from 'vitest';
import { anyText, arbitraryBody } from '../testing/arbitrary-body.ts';
import { testSite } from '../testing/test-site.ts';
import { jsonSchema } from './openapi-schemas.ts';
import type { Route } from './route.ts';

/** Bodies as the route's schema has them, and its example with some of its fields gone, replaced or joined by others. */
function bodies(route: Route): fc.Arbitrary<unknown> {
  const schema = route.body ? jsonSchema(route.body, 'input') : {};
  const fields = Object.entries((sample(schema) ?? {}) as Record<string, unknown>);
  const valueLike = (value: unknown) => fc.oneof(fc.constant(value), anyText, fc.jsonValue(), fc.uuid());
  const changed = fc.record(Object.fromEntries(fields.map(([name, value]) => [name, valueLike(value)])), {
    requiredKeys: [],
  });
  const further = fc.option(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 }), { nil: {} });
  return fc.oneof(
    { weight: 6, arbitrary: arbitraryBody(schema) },
    { weight: 3, arbitrary: fc.tuple(changed, further).map(([body, more]) => ({ ...body, ...more })) },
    { weight: 1, arbitrary: fc.jsonValue() },
    { weight: 1, arbitrary: anyText },
  );
}

const cursors = fc
  .record({
    at: fc.oneof(
      anyText,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    ),
    id: fc.oneof(fc.uuid(), anyText),
  })
  .map((position) => `cursor=${Buffer.from(JSON.stringify(position)).toString('base64url')}`);
const queries = fc.oneof(fc.constant(''), fc.webQueryParameters(), cursors);

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

describe('random requests', () => {
  const site = testSite();
  const tenants = new Map<string, string>();

  // All of them first: one of the routes closes signup.
  beforeAll(async () => {
    for (const method of METHODS) {
      const { tenantID } = await site.api.signUp(`fuzz-${method.toLowerCase()}`);
      tenants.set(method, tenantID);
    }
  });

  test.each(METHODS)(
    'make no %s route answer 5xx',
    async (method) => {
      const owner = await site.callers.person(tenants.get(method) ?? '', 'Owner');
      const staff = await site.callers.staff();
      const routes = site.api.routes.filter(
        (route) => route.method === method && route.path.startsWith('/api/'),
      );
      for (const route of routes) {
        const who = route.access.to === 'Staff' ? staff : owner;
        await fc.assert(
          fc.asyncProperty(
            fc.oneof(fc.uuid(), fc.webSegment()),
            queries,
            bodies(route),
            async (segment, query, body) => {
              const path = `${route.path.replace(/\{\w+\}/, segment)}?${query}`;
              const reply = await site.api.call(method, path, {
                // One of its own each time: a route may end the session.
                token: await site.callers.token(who),
                ...(route.body ? { body: body ?? 'null' } : {}),
              });
              expect(reply.status, `${method} ${path}`).toBeLessThan(500);
            },
          ),
          { numRuns: 40 },
        );
      }
    },
    120_000,
  );
});
