import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { testSite } from '../testing/test-site.ts';
import { PROBLEMS } from './problem-codes.ts';

const ORIGIN = 'https://console.example.com';

describe('the HTTP side of the API', () => {
  const site = testSite({ allowedOrigins: [ORIGIN] });
  let token: string;
  let tenantID: string;
  beforeAll(async () => {
    ({ token, tenantID } = await site.api.signUp('http'));
  });

  test.each([
    ['GET /nothing', '', 'not_found'],
    ['GET /api/admin/calls/', '', 'not_found'],
    ['DELETE /api/auth/login', '', 'method_not_allowed'],
    ['GET /api/auth/signup', '', 'method_not_allowed'],
    ['POST /openapi.json', '', 'method_not_allowed'],
    // They have a port of their own.
    ['GET /metrics', '', 'not_found'],
    ['GET /%', '', 'not_found'],
    ['GET /api/admin/calls/%E0%A4%A', '', 'malformed_url'],
    ['POST /api/auth/login', '{"email":', 'invalid_json'],
    ['POST /api/auth/login', '', 'invalid_request'],
    ['POST /api/auth/login', '"a string"', 'invalid_request'],
    ['POST /api/auth/login', '[]', 'invalid_request'],
    ['POST /api/auth/login', JSON.stringify({ email: 'x'.repeat(70_000) }), 'body_too_large'],
    ['GET /api/auth/me', '', 'not_authenticated'],
    ['GET /api/admin/usage', '', 'not_authenticated'],
  ] as const)('%s with the body %j answers a problem: %s', async (request, body, code) => {
    const [method = '', path = ''] = request.split(' ');
    const reply = await site.api.call(method, path, method === 'POST' ? { body } : {});
    expect([reply.status, reply.body.code]).toEqual([PROBLEMS[code].status, code]);
    expect(reply.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(reply.body).toMatchObject({
      type: 'about:blank',
      status: reply.status,
      requestID: reply.headers.get('x-request-id'),
    });
  });

  test.each([
    ['zzz', 415, 'unsupported_media_type'],
    ['gzip', 400, 'invalid_json'],
  ])('a body that is not compressed as %s is refused', async (encoding, status, code) => {
    const headers = { 'content-encoding': encoding };
    const reply = await site.api.call('POST', '/api/auth/login', { body: '{}', headers });
    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });

  test.each([
    ['?limit=0', 'query.limit'],
    ['?limit=101', 'query.limit'],
    ['?limit=many', 'query.limit'],
    ['?unknown=1', 'query'],
    ['?cursor=abc', 'query.cursor'],
    ['?limit=5&limit=6', 'query.limit'],
  ])('a list refuses %s and names it', async (query, path) => {
    const reply = await site.api.call('GET', `/api/admin/calls${query}`, { token });
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
    expect(reply.body.errors[0].path).toBe(path);
  });

  test('a body that is not JSON is 415', async () => {
    const reply = await site.api.call('POST', '/api/auth/login', {
      body: 'a=b',
      headers: { 'content-type': 'text/plain' },
    });
    expect([reply.status, reply.body.code]).toEqual([415, 'unsupported_media_type']);
  });

  test('405 says which methods there are', async () => {
    const reply = await site.api.call('PUT', '/api/admin/calls');
    expect(reply.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  });

  test.each([
    ['of another key', () => 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA'],
    ['without a signature', () => `${btoa('{"alg":"none"}')}.${btoa('{}')}.`],
    ['whose claims are no JSON', () => `${btoa('{"alg":"HS256","typ":"JWT"}')}.${btoa('nonsense')}.AAAA`],
    ['cut short', () => token.slice(0, -2)],
    ['of a session that is not there', () => unknownSession()],
  ])('a token %s is refused', async (_case, made) => {
    const reply = await site.api.call('GET', '/api/auth/me', { token: made() });
    expect([reply.status, reply.body.code]).toEqual([401, 'not_authenticated']);
  });

  function unknownSession(): string {
    const id = '33333333-3333-4333-8333-333333333333';
    return site.api.tokens.sign({ userID: id, tenantID, sessionID: id });
  }

  test('pages run from the newest to the oldest without gaps or repeats', async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `44444444-4444-4444-8444-44444444444${index}`);
    for (const [index, id] of ids.entries()) {
      // Pairs of equal times: the id decides.
      const at = new Date(Date.UTC(2026, 0, 1 + Math.floor(index / 2)));
      await site.database.worker.query(
        'INSERT INTO calls (tenant_id, call_id, started_at) VALUES ($1, $2, $3)',
        [tenantID, id, at],
      );
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '?limit=3' : `?limit=3&cursor=${cursor}`;
      const { body } = await site.api.call('GET', `/api/admin/calls${query}`, { token });
      seen.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(ids.toReversed());
  });

  test('pages of a listed origin may call, others may not', async () => {
    const preflight = (origin: string) =>
      site.api.call('OPTIONS', '/api/admin/calls', {
        headers: { origin, 'access-control-request-method': 'GET' },
      });
    const allowed = await preflight(ORIGIN);
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN]);
    const refused = await preflight('https://evil.example.com');
    expect([refused.status, refused.body.code]).toEqual([403, 'origin_not_allowed']);
    const simple = await site.api.call('GET', '/health', { headers: { origin: 'https://evil.example.com' } });
    expect(simple.headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each(['/health', '/nothing', '/docs'])(
    '%s has the headers that browsers are held by',
    async (path) => {
      const { headers } = await site.api.call('GET', path);
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('strict-transport-security')).toContain('max-age=');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );

  test('counts authenticated admin requests, also refused ones, and nothing else', async () => {
    site.api.counted.splice(0);
    await site.api.call('GET', '/api/admin/usage', { token });
    await site.api.call('GET', '/api/admin/calls?limit=0', { token });
    await site.api.call('GET', '/api/admin/usage');
    await site.api.call('GET', '/api/auth/me', { token });
    expect(site.api.counted).toEqual([tenantID, tenantID]);
  });

  test('health and readiness answer without a token', async () => {
    expect(await site.api.call('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await site.api.call('GET', '/ready')).toMatchObject({ status: 200, body: { ready: true } });
  });

  test('the served OpenAPI has every route, and every problem of each route by its status', async () => {
    const { body } = await site.api.call('GET', '/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const served = Object.entries(
      body.paths as Record<string, Record<string, { responses: object }>>,
    ).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(served.sort()).toEqual(site.api.routes.map((route) => `${route.method} ${route.path}`).sort());
    const signup = body.paths['/api/auth/signup'].post;
    expect(signup.requestBody.content['application/json'].schema.required).toEqual([
      'email',
      'password',
      'name',
      'companyName',
    ]);
    expect(signup.responses['409'].description).toContain('email_taken');
    expect(Object.keys(signup.responses)).toEqual([
      '201',
      '400',
      // Repeated with an Idempotency-Key after the password was changed.
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
  });

  test('every problem has a status that is an error and a sentence', () => {
    for (const problem of Object.values(PROBLEMS)) {
      expect(z.number().min(400).max(599).safeParse(problem.status).success).toBe(true);
      expect(problem.title).toMatch(/^[A-Z].*\.$/);
    }
  });
});
