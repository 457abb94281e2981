import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CALLERS, type Caller, OUTCOMES, type Outcome, PASSES } from '../testing/access-outcomes.ts';
import { ROWS, type Row } from '../testing/access-rows.ts';
import { AccessWorld } from '../testing/access-world.ts';
import { testSite } from '../testing/test-site.ts';
import type { Route } from './route.ts';

describe('the authorisation matrix', () => {
  const site = testSite();
  let world: AccessWorld;
  beforeAll(async () => {
    world = await AccessWorld.open(site);
  });

  test('has a row for every route, and none for what is no route', () => {
    const routes = site.api.routes.map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(ROWS).toSorted()).toEqual(routes.toSorted());
  });

  test('lets few requests through to each route that takes a password or a token', () => {
    const takesSecret = ({ body }: Route) =>
      body instanceof z.ZodObject && Object.keys(body.shape).some((name) => /password|^token$/i.test(name));
    // A refresh token cannot be guessed, and those of a whole office are refreshed every few minutes.
    const unguarded = site.api.routes.filter((route) => takesSecret(route) && !route.isGuarded);
    expect(unguarded.map(({ operationID }) => operationID)).toEqual([]);
    expect(site.api.routes.filter(takesSecret).length).toBeGreaterThan(8);
  });

  const cases = Object.keys(ROWS).flatMap((route) => CALLERS.map((caller) => [route, caller] as const));
  test.each(cases)('%s by %s', async (route, caller) => {
    const row = ROWS[route] as Row;
    const [method = '', template = ''] = route.split(' ');
    const target = await row.target?.(world);
    const path = template.replace(/\{\w+\}/, target ?? '');
    const body = row.body?.(world);
    const reply = await site.api.call(method, path, {
      ...(body === undefined ? {} : { body }),
      headers: { ...row.headers, ...(await world.headersOf(caller, row)) },
    });
    const wanted = outcomeOf(caller, row);
    expect(reply.status, JSON.stringify(reply.body)).toBe(wanted === PASSES ? (row.status ?? 200) : wanted);
  });
});

function outcomeOf(caller: Caller, row: Row): Outcome {
  if (caller === 'a key with the scope' && row.scope !== undefined) return PASSES;
  const isForeign = caller === 'an admin of another tenant' && row.target !== undefined;
  return isForeign ? 404 : OUTCOMES[row.who][caller];
}
