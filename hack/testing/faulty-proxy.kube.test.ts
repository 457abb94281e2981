import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { testCluster } from './cluster.ts';
import { FaultyProxy } from './faulty-proxy.ts';

const NAMESPACE = 'default';
const direct = new KubeConfig();
let proxy: FaultyProxy;
let client: KubeClient;
let admin: KubeClient;
let made = 0;

beforeAll(async () => {
  direct.loadFromFile(testCluster().kubeconfigPath);
  proxy = await FaultyProxy.start(direct);
  client = new KubeClient({
    config: proxy.kubeConfig(direct),
    userAgent: 'proxied',
    requestTimeoutMs: 2_000,
  });
  admin = new KubeClient({ config: direct, userAgent: 'direct' });
});

afterEach(() => proxy.rules.clear());

afterAll(async () => {
  await client.close();
  await admin.close();
  await proxy.close();
});

function configMap(): KubeObject {
  made += 1;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: NAMESPACE, name: `faulty-proxy-${made}`, labels: { of: 'faulty-proxy' } },
  };
}

async function exists({ metadata: { name } }: KubeObject): Promise<boolean> {
  return (await admin.get(CONFIG_MAPS, { namespace: NAMESPACE, name })) !== undefined;
}

describe('a faulty proxy', () => {
  test('passes requests and replies through, and remembers what it saw', async () => {
    const map = configMap();
    proxy.forget();
    expect((await client.create(CONFIG_MAPS, map)).metadata.uid).toBeDefined();
    expect(
      await client.get(CONFIG_MAPS, { namespace: NAMESPACE, name: 'faulty-proxy-none' }),
    ).toBeUndefined();
    expect(proxy.seen.map(({ method, status, userAgent }) => ({ method, status, userAgent }))).toEqual([
      { method: 'POST', status: 201, userAgent: 'proxied' },
      { method: 'GET', status: 404, userAgent: 'proxied' },
    ]);
    expect(proxy.writes).toHaveLength(1);
    expect(JSON.parse(proxy.writes[0]?.body ?? '')).toMatchObject({ metadata: { name: map.metadata.name } });
  });

  test.each([
    [
      'answers in the API server’s place',
      { kind: 'answer', status: 429, headers: { 'retry-after': '3' } },
      false,
    ],
    ['cuts a request before it has an effect', { kind: 'drop' }, false],
    ['lets a request have its effect and loses the reply', { kind: 'loseReply' }, true],
    ['cuts a reply in its middle', { kind: 'cutBody', afterBytes: 40 }, true],
    ['holds a connection without a byte', { kind: 'hold' }, false],
    ['sends a reply’s head and then nothing', { kind: 'silence' }, true],
  ] as const)('%s', async (_what, fault, takesEffect) => {
    proxy.rules.add({ methods: ['POST'], path: /configmaps/, fault });
    const map = configMap();
    await expect(client.create(CONFIG_MAPS, map)).rejects.toMatchObject(
      fault.kind === 'answer'
        ? { status: 429, reason: 'TooManyRequests', retryAfterMs: 3_000 }
        : { status: 0, retryable: true },
    );
    expect(await exists(map)).toBe(takesEffect);
    expect((await client.create(CONFIG_MAPS, configMap())).metadata.uid).toBeDefined();
  });

  test('strikes at the n-th fitting request, as often as it is told, and tells when', async () => {
    const struck: string[] = [];
    proxy.rules.add({
      methods: ['POST'],
      fault: { kind: 'answer', status: 500 },
      after: 1,
      times: 2,
      onStrike: ({ method }) => void struck.push(method),
    });
    const outcomes: string[] = [];
    for (let request = 0; request < 4; request += 1) {
      const made = client.create(CONFIG_MAPS, configMap());
      outcomes.push(
        await made.then(
          () => 'made',
          (error: { status: number }) => String(error.status),
        ),
      );
    }
    expect(outcomes).toEqual(['made', '500', '500', 'made']);
    expect(struck).toEqual(['POST', 'POST']);
  });

  test('calls before it drops, and after the effect of what it loses', async () => {
    const dropped = configMap();
    const lost = configMap();
    const seen: boolean[] = [];
    proxy.rules.add({ fault: { kind: 'drop' }, onStrike: async () => void seen.push(await exists(dropped)) });
    await expect(client.create(CONFIG_MAPS, dropped)).rejects.toMatchObject({ status: 0 });
    proxy.rules.add({
      fault: { kind: 'loseReply' },
      onStrike: async () => void seen.push(await exists(lost)),
    });
    await expect(client.create(CONFIG_MAPS, lost)).rejects.toMatchObject({ status: 0 });
    expect(seen).toEqual([false, true]);
  });

  test('tells clients apart, and lets nothing more of one pass that is to be killed', async () => {
    const named = (name: string) =>
      new KubeClient({ config: proxy.kubeConfig(direct, name), userAgent: 'proxied' });
    const [victim, bystander] = [named('victim'), named('bystander')];
    const struck: string[] = [];
    const lost = configMap();
    const later = configMap();
    proxy.rules.add({
      methods: ['POST'],
      fault: { kind: 'loseReply' },
      endsClient: true,
      async onStrike(request) {
        struck.push(request.client);
        await victim.create(CONFIG_MAPS, later).catch(() => struck.push('later'));
      },
    });
    await expect(victim.create(CONFIG_MAPS, lost)).rejects.toMatchObject({ status: 0 });
    expect(struck).toEqual(['victim', 'later']);
    expect([await exists(lost), await exists(later)]).toEqual([true, false]);
    expect((await bystander.create(CONFIG_MAPS, configMap())).metadata.uid).toBeDefined();
    await Promise.all([victim.close(), bystander.close()]);
  });

  test('delays a request', async () => {
    proxy.rules.add({ methods: ['POST'], fault: { kind: 'delay', delayMs: 50 } });
    const map = configMap();
    await client.create(CONFIG_MAPS, map);
    expect(await exists(map)).toBe(true);
  });

  test('refuses connections while paused, and serves on the same port again', async () => {
    const { url } = proxy;
    await proxy.pause();
    await expect(client.create(CONFIG_MAPS, configMap())).rejects.toMatchObject({ reason: 'Unreachable' });
    await proxy.resume();
    expect(proxy.url).toBe(url);
    expect((await client.create(CONFIG_MAPS, configMap())).metadata.uid).toBeDefined();
  });
});

describe('a watch through a faulty proxy', () => {
  /** Names of events as they come, and how the watch ended. */
  async function watch(): Promise<{ names: string[]; end: Promise<unknown>; stop: () => void }> {
    const stopping = new AbortController();
    const { metadata } = await client.list(CONFIG_MAPS, { namespace: NAMESPACE });
    const events = await client.watch(CONFIG_MAPS, {
      namespace: NAMESPACE,
      resourceVersion: metadata.resourceVersion ?? '0',
      timeoutSeconds: 60,
      signal: stopping.signal,
    });
    const names: string[] = [];
    const read = async () => {
      for await (const event of events) names.push(event.object.metadata.name);
      return 'ended';
    };
    return { names, end: read().catch((error: unknown) => error), stop: () => stopping.abort('stopped') };
  }

  test('shows events as they happen, until it is cut', async () => {
    const watching = await watch();
    const map = await admin.create(CONFIG_MAPS, configMap());
    await expect.poll(() => watching.names).toEqual([map.metadata.name]);
    expect(proxy.openWatches(/configmaps/)).toHaveLength(1);
    proxy.cutConnections();
    expect(await watching.end).toMatchObject({ status: 0, reason: 'Unreachable' });
    await expect.poll(() => proxy.openWatches()).toHaveLength(0);
  });

  test('goes half open: it stays, and says nothing more', async () => {
    const silent = await watch();
    proxy.silenceWatches(/configmaps/);
    const speaking = await watch();
    const map = await admin.create(CONFIG_MAPS, configMap());
    await expect.poll(() => speaking.names).toEqual([map.metadata.name]);
    expect([silent.names, proxy.openWatches().length]).toEqual([[], 2]);
    silent.stop();
    speaking.stop();
    expect([await silent.end, await speaking.end]).toEqual(['stopped', 'stopped']);
  });

  test('hears what the proxy says into it', async () => {
    const watching = await watch();
    const object = { kind: 'Status', apiVersion: 'v1', code: 410, reason: 'Expired', message: 'too old' };
    proxy.sendToWatches(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    expect(await watching.end).toMatchObject({ status: 410, reason: 'Expired' });
  });
});
