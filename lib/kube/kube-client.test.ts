import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { listOf, object, ScriptedServer, status } from './fakes/scripted-server.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeClientOptions } from './kube-requests.ts';
import { CONFIG_MAPS } from './resource.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(options: Partial<KubeClientOptions> = {}): Promise<[ScriptedServer, KubeClient]> {
  const server = new ScriptedServer();
  const client = await server.start(options);
  closers.push(
    () => server.stop(),
    () => client.close(),
  );
  return [server, client];
}

test('a list of 120,000 objects does not overflow the stack', async () => {
  const [server, client] = await start();
  const items = Array.from({ length: 120_000 }, (_, index) => object(`o${index}`, String(index + 1)));
  server.lists = [listOf(items)];
  expect((await client.list(CONFIG_MAPS)).items).toHaveLength(120_000);
});

test('a list whose snapshot is gone is begun anew', async () => {
  const [server, client] = await start();
  server.lists = [
    listOf([object('a', '1')], { resourceVersion: '10', continue: 'more' }),
    status(410, 'Expired'),
    listOf([object('b', '2')]),
  ];
  expect((await client.list(CONFIG_MAPS)).items.map(({ metadata }) => metadata.name)).toEqual(['b']);
});

test('after a 429 other requests of the kind wait, and are not sent before Retry-After is over', async () => {
  const clock = new FakeClock();
  const [server, client] = await start({ clock });
  server.lists = [status(429, 'TooManyRequests', { 'retry-after': '2' })];
  const page = () => client.listPage(CONFIG_MAPS, { limit: 1 });
  await expect(page()).rejects.toMatchObject({ status: 429, retryAfterMs: 2_000 });
  const waiting = [page(), page()];
  await clock.advance(1_999);
  expect(server.requests).toHaveLength(1);
  await clock.advance(501);
  await Promise.all(waiting);
  expect(server.requests).toHaveLength(3);
});

test('this Node is as new as undici asks for', () => {
  const path = createRequire(import.meta.url).resolve('undici/package.json');
  const { engines } = JSON.parse(readFileSync(path, 'utf8')) as { engines: { node: string } };
  const [asked, running] = [engines.node, process.versions.node].map((text) =>
    [...text.matchAll(/\d+/g)].slice(0, 3).map(Number),
  );
  const order = (version: number[] | undefined) =>
    (version ?? []).reduce((sum, part) => sum * 1_000 + part, 0);
  expect(order(running)).toBeGreaterThanOrEqual(order(asked));
});
