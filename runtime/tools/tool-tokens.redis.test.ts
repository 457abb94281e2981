import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectionKeys } from '#crds/projection/keys.ts';
import { sealToken } from '#crds/projection/sealed-token.ts';
import { toolsSchema } from '#crds/tenant/tool.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile, TENANT } from '#runtime/testing/test-runtime.ts';

/** A pod, whose tenant has one tool with a token and one without. */
const SECRET = 's'.repeat(32);
const PATIENCE = { timeout: 15_000 };
const tool = (name: string) => ({ name, description: 'Any.', url: 'https://tools.example.com/' });
const book = {
  ...tool('book'),
  secretRef: { name: 'booking', key: 'token' },
  parameters: [],
  timeoutSeconds: 10,
};
const tools = toolsSchema.parse([tool('open'), book]);

let site: CarrierSite;

beforeEach(async () => {
  site = await startCarrierSite();
  await site.pod.project({ ...profile, tools });
});

afterEach(async () => {
  // Whatever comes of a token, it is in no line.
  expect(site.pod.logged.join('')).not.toContain('sesame');
  await site.stop();
});

async function put(token: string, { secret = SECRET, tool = book } = {}): Promise<void> {
  const tokens = { book: sealToken(secret, { tenantID: TENANT, tool }, token) };
  const record = JSON.stringify({ schemaVersion: 1, tenantID: TENANT, tokens });
  await site.pod.redis.hset(projectionKeys.tenantTools(TENANT), 'value', record);
}

async function call(): Promise<SessionContext> {
  site.carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => site.pod.opened.length, PATIENCE).toBe(1);
  const [context] = site.pod.opened;
  if (context === undefined) throw new Error('the session was just counted');
  return context;
}

const offered = ({ profile: { tools: all } }: SessionContext) => all.map(({ name }) => name);

test('a tool is offered with its token, which is what it is at the moment of its use', async () => {
  await put('sesame-1');
  const context = await call();
  expect([offered(context), await context.toolToken(book)]).toEqual([['open', 'book'], 'sesame-1']);
  await put('sesame-2');
  expect(await context.toolToken(book)).toBe('sesame-2');
  await site.pod.redis.del(projectionKeys.tenantTools(TENANT));
  expect(await context.toolToken(book)).toBeUndefined();
});

test('a call in progress is given no token any more once its tool has another address, or another Secret', async () => {
  await put('sesame-1');
  const context = await call();
  for (const changed of [
    { url: 'https://tools.example.net/' },
    { secretRef: { name: 'other', key: 'token' } },
  ]) {
    await put('sesame-2', { tool: { ...book, ...changed } });
    expect(await context.toolToken(book)).toBeUndefined();
  }
});

test.each([
  ['is missing', () => Promise.resolve()],
  ['was sealed for the pods of another runtime', () => put('sesame-1', { secret: 't'.repeat(32) })],
  [
    'was sealed for another address',
    () => put('sesame-1', { tool: { ...book, url: 'https://tools.example.net/' } }),
  ],
  [
    'cannot be read',
    async () => void (await site.pod.redis.hset(projectionKeys.tenantTools(TENANT), 'value', '{}')),
  ],
])('a tool whose token %s is not offered, and the call goes on', async (_, prepare) => {
  await prepare();
  const context = await call();
  expect([offered(context), await context.toolToken(book)]).toEqual([['open'], undefined]);
});
