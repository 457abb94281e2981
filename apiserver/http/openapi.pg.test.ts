import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { NOTIFICATION_EVENTS } from '#crds/tenant/call-handling.ts';
import { payloadSchema } from '../notifications/message.ts';
import type { TestApi } from '../testing/test-api.ts';
import { testSite } from '../testing/test-site.ts';
import { problemSchema } from './api-error.ts';
import { problemsOf } from './openapi.ts';
import { PROBLEMS } from './problem-codes.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

interface Served {
  readonly requestBody?: { readonly content: Record<string, { readonly example: unknown }> };
  readonly responses: Record<
    string,
    {
      readonly description: string;
      readonly content?: Record<string, { readonly example?: unknown; readonly examples?: object }>;
    }
  >;
}

describe('what is said of the routes', () => {
  const site = testSite();
  let webhooks: Record<string, { readonly post: Served }>;
  let operations: (readonly [TestApi['routes'][number], Served])[];
  beforeAll(async () => {
    const { paths, webhooks: sent } = (await site.api.call('GET', '/openapi.json')).body;
    webhooks = sent;
    operations = site.api.routes.map(
      (route) => [route, paths[route.path][route.method.toLowerCase()]] as const,
    );
  });

  test('the document is OpenAPI 3.1, by the specification’s own schema', async () => {
    const { body } = await site.api.call('GET', '/openapi.json');
    const validator = new Validator();
    expect(await validator.validate(body)).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('every example of a body is one that the route takes or answers', () => {
    for (const [route, served] of operations) {
      if (route.body) {
        const example = served.requestBody?.content['application/json']?.example;
        expect(route.body.safeParse(example).error, route.operationID).toBeUndefined();
      }
      for (const [status, { schema }] of Object.entries(route.replies)) {
        if (!schema) continue;
        const example = served.responses[status]?.content?.['application/json']?.example;
        expect(schema.safeParse(example).error, `${route.operationID} ${status}`).toBeUndefined();
      }
    }
  });

  test('every webhook is described with an example that is one', () => {
    const examples = Object.values(webhooks).map(
      ({ post }) => post.requestBody?.content['application/json']?.example,
    );
    expect(Object.keys(webhooks)).toHaveLength(NOTIFICATION_EVENTS.length);
    for (const [index, event] of NOTIFICATION_EVENTS.entries()) {
      expect(payloadSchema(event).safeParse(examples[index]).error, event).toBeUndefined();
    }
  });

  test('every problem of a route stands under its status, with an example of the reply', () => {
    for (const [route, served] of operations) {
      for (const code of problemsOf(route)) {
        const { status } = PROBLEMS[code];
        if (status in route.replies) continue;
        const response = served.responses[status];
        expect(response?.description).toContain(`\`${code}\``);
        const examples = response?.content?.['application/problem+json']?.examples as Record<
          string,
          { value: unknown }
        >;
        expect(problemSchema.parse(examples[code]?.value)).toMatchObject({ code, status });
      }
    }
  });

  test('every problem of the table is in the README, with its status and its sentence', () => {
    const rows = Object.entries(PROBLEMS).map(
      ([code, { status, title }]) => `| ${status} | \`${code}\` | ${title} |`,
    );
    const lines = new Set(readme.split('\n'));
    expect(rows.filter((row) => !lines.has(row))).toEqual([]);
  });

  test('every route is in the README with tests that call it', () => {
    const rows = readme.split('\n').filter((line) => /^\| `(GET|POST|PUT|PATCH|DELETE) /.test(line));
    for (const { method, path } of site.api.routes) {
      const route = `${method} ${path}`;
      const row = rows.find((line) => line.includes(`\`${route}\``));
      expect(row, route).toBeDefined();
      const tests = [...(row ?? '').matchAll(/`([\w./-]+\.test\.ts)`/g)].map((match) => match[1]);
      expect(tests.length, route).toBeGreaterThan(0);
      // As tests write it: after what is common to their routes, and with an id in place of a parameter.
      const name = path.split('/').findLast((segment) => !segment.startsWith('{'));
      for (const file of tests) {
        expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'), `${route} in ${file}`).toContain(
          name,
        );
      }
    }
  });

  test('every row of the README is of a route', () => {
    const named = [...readme.matchAll(/`((?:GET|POST|PUT|PATCH|DELETE) \/(?:api\/[^`]+|health|ready))`/g)];
    const routes = new Set(site.api.routes.map(({ method, path }) => `${method} ${path}`));
    expect([...new Set(named.map((match) => match[1]))].filter((one) => one && !routes.has(one))).toEqual([]);
  });

  test('/docs is a page whose every asset this server has', async () => {
    const page = await site.api.call('GET', '/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
    expect(assets).toContain('/docs/swagger-ui-bundle.js');
    for (const asset of assets.filter((one) => one !== 'data:,')) {
      expect(asset).toMatch(/^\/docs\//);
      expect((await site.api.call('GET', asset)).status, asset).toBe(200);
    }
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("script-src 'self'");
  });
});
