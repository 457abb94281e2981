import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import { CONFIG_MAPS } from './resource.ts';

/**
 * An API server that answers as its test says: each trap of list and watch is one script of replies.
 */
class ScriptedServer {
  readonly requests: URL[] = [];
  /** Watches that are open, oldest first. */
  readonly watches: ServerResponse[] = [];
  lists: ((response: ServerResponse) => void)[] = [];
  /** What the next watches answer instead of staying open. */
  refusals: ((response: ServerResponse) => void)[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async start(): Promise<KubeClient> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'test', token: 'secret' },
    );
    return new KubeClient({ config, userAgent: 'test' });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  send(event: object): void {
    this.watches.at(-1)?.write(`${JSON.stringify(event)}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://server');
    this.requests.push(url);
    response.setHeader('content-type', 'application/json');
    if (url.searchParams.get('watch') !== 'true') {
      (this.lists.shift() ?? listOf([]))(response);
      return;
    }
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      refusal(response);
      return;
    }
    response.flushHeaders();
    this.watches.push(response);
  }
}

function object(name: string, resourceVersion: string, more: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', resourceVersion },
    ...more,
  };
}

const listOf =
  (items: readonly object[], metadata: object = { resourceVersion: '10' }) =>
  (response: ServerResponse) =>
    response.end(JSON.stringify({ items, metadata }));

const status = (code: number, reason: string, headers: Record<string, string> = {}) => {
  const body = JSON.stringify({ kind: 'Status', code, reason, message: reason });
  return (response: ServerResponse) => response.writeHead(code, headers).end(body);
};

describe('an informer', () => {
  let server: ScriptedServer;
  let client: KubeClient;
  let clock: FakeClock;
  let informer: Informer<KubeObject>;
  const fail = vi.fn();

  beforeEach(async () => {
    server = new ScriptedServer();
    client = await server.start();
    clock = new FakeClock();
    fail.mockClear();
  });
  afterEach(async () => {
    await informer.stop();
    await client.close();
    server.stop();
    expect(fail).not.toHaveBeenCalled();
  });

  async function start(options: Partial<InformerOptions<KubeObject>> = {}): Promise<Informer<KubeObject>> {
    informer = new Informer({
      client,
      resource: CONFIG_MAPS,
      log: silentLogger,
      clock,
      random: () => 0.5,
      ...options,
    });
    await informer.start(fail);
    return informer;
  }
  const until = (condition: () => unknown) => vi.waitFor(() => expect(condition()).toBeTruthy());
  /** Lets the back-off that the informer waits in be over. */
  const passBackOff = async (ms = 1_000) => {
    await until(() => clock.pending > 0);
    await clock.advance(ms);
  };
  const names = () => informer.list().map((one) => one.metadata.name);

  test('lists page by page, then watches from where the list stood, with bookmarks and an end', async () => {
    server.lists = [
      listOf([object('a', '1')], { resourceVersion: '10', continue: 'more' }),
      listOf([object('b', '2')], { resourceVersion: '10' }),
    ];
    await start();
    await informer.synced;
    expect(names()).toEqual(['a', 'b']);
    await until(() => server.watches.length === 1);
    const [first, second, watch] = server.requests;
    expect(first?.searchParams.get('limit')).toBe('500');
    expect(second?.searchParams.get('continue')).toBe('more');
    expect(Object.fromEntries(watch?.searchParams ?? [])).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '10',
      timeoutSeconds: '450',
    });
  });

  test('keeps what the watch says, without managedFields, and tells handlers by key', async () => {
    await start();
    const told: string[] = [];
    informer.onChange((key) => told.push(key));
    await until(() => server.watches.length === 1);
    const managed = object('a', '11');
    server.send({
      type: 'ADDED',
      object: { ...managed, metadata: { ...managed.metadata, managedFields: [{}] } },
    });
    await until(() => informer.get('ns/a') !== undefined);
    expect(informer.get('ns/a')?.metadata).not.toHaveProperty('managedFields');
    server.send({ type: 'DELETED', object: object('a', '12') });
    await until(() => informer.get('ns/a') === undefined);
    expect(told).toEqual(['ns/a', 'ns/a']);
  });

  test('goes on from a bookmark when a watch ends', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.send({ type: 'BOOKMARK', object: object('', '99') });
    await clock.advance(2_000);
    server.watches[0]?.end();
    await passBackOff();
    await until(() => server.watches.length === 2);
    expect(server.requests.at(-1)?.searchParams.get('resourceVersion')).toBe('99');
  });

  test.each([
    ['in the header', () => server.refusals.push(status(410, 'Expired'))],
    ['in the stream', () => undefined],
  ])('lists again after a 410 %s, and finds what was deleted meanwhile', async (where, refuse) => {
    server.lists = [listOf([object('a', '1'), object('b', '2')]), listOf([object('b', '2')])];
    refuse();
    await start();
    await informer.synced;
    if (where === 'in the stream') {
      await until(() => server.watches.length === 1);
      server.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    }
    const told: string[] = [];
    informer.onChange((key, _before, after) => {
      if (after === undefined) told.push(key);
    });
    await passBackOff();
    await until(() => names().length === 1);
    expect([names(), told]).toEqual([['b'], ['ns/a']]);
  });

  test('survives a failed first list and waits as long as Retry-After says', async () => {
    server.lists = [status(429, 'TooManyRequests', { 'retry-after': '7' }), listOf([object('a', '1')])];
    await start();
    await passBackOff(6_999);
    expect(informer.hasSynced).toBe(false);
    await clock.advance(1);
    await informer.synced;
    expect(names()).toEqual(['a']);
  });

  test('ends a watch that says nothing, not even a bookmark, and begins it again', async () => {
    await start();
    await until(() => server.watches.length === 1);
    await clock.advance(150_000);
    await passBackOff();
    await until(() => server.watches.length === 2);
  });

  test('does not ask a server that ends every watch at once in a tight loop', async () => {
    server.refusals = [(response) => response.end(), (response) => response.end()];
    await start();
    await until(() => clock.pending > 0);
    expect(server.requests).toHaveLength(2);
    await passBackOff();
    await until(() => server.requests.length === 3);
  });

  test('goes on when a handler or the transform throws', async () => {
    await start({
      transform: (one) => {
        if (one.metadata.name === 'bad') throw new Error('cannot be kept');
        return one;
      },
    });
    informer.onChange(() => {
      throw new Error('a broken handler');
    });
    await until(() => server.watches.length === 1);
    server.send({ type: 'ADDED', object: object('bad', '11') });
    server.send({ type: 'ADDED', object: object('good', '12') });
    await until(() => informer.get('ns/good') !== undefined);
    expect(names()).toEqual(['good']);
  });

  test('survives a line that is not JSON', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.watches[0]?.write('<html>\n');
    await passBackOff();
    await until(() => server.watches.length === 2);
  });

  test('tells a late handler of all that is known', async () => {
    server.lists = [listOf([object('a', '1')])];
    await start();
    await informer.synced;
    const told: string[] = [];
    informer.onChange((key) => told.push(key))();
    expect(told).toEqual(['ns/a']);
  });
});
