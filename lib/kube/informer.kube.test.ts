import type { KubeConfig } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type OwnTestCluster, startTestCluster, testCluster } from '#hack/testing/cluster.ts';
import { FaultyProxy } from '#hack/testing/faulty-proxy.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { Informer } from './informer.ts';
import { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import { loadKubeConfig } from './load-kube-config.ts';
import { CONFIG_MAPS, EVENTS, type Resource } from './resource.ts';

const NAMESPACE = 'informer';
const WAIT = { timeout: 15_000, interval: 50 };

/** An API server, a way to it that can be cut, and informers on that way. */
class Bench {
  readonly admin: KubeClient;
  readonly proxy: FaultyProxy;
  readonly #client: KubeClient;
  readonly #informers: Informer<KubeObject>[] = [];
  readonly onRelist = vi.fn();
  readonly onVerified = vi.fn();

  private constructor(config: KubeConfig, proxy: FaultyProxy) {
    this.admin = new KubeClient({ config, userAgent: 'admin' });
    this.proxy = proxy;
    this.#client = new KubeClient({ config: proxy.kubeConfig(config), userAgent: 'informer' });
  }

  static async open(kubeconfigPath: string): Promise<Bench> {
    const config = loadKubeConfig(kubeconfigPath);
    return new Bench(config, await FaultyProxy.start(config));
  }

  async start(
    resource: Resource,
    options: { readonly clock?: Clock; readonly verifyIntervalMs?: number } = {},
  ): Promise<Informer<KubeObject>> {
    const informer = new Informer<KubeObject>({
      client: this.#client,
      resource,
      log: silentLogger,
      select: { namespace: NAMESPACE },
      ...options,
      random: () => 0,
      onRelist: this.onRelist,
      onVerified: this.onVerified,
    });
    this.#informers.push(informer);
    await informer.start((error) => {
      throw error;
    });
    await informer.synced;
    await vi.waitFor(() => expect(this.proxy.openWatches(watchOf(resource))).toHaveLength(1), WAIT);
    return informer;
  }

  async make(resource: Resource, name: string): Promise<KubeObject> {
    const object: KubeObject & { involvedObject?: object } = {
      apiVersion: 'v1',
      kind: resource.kind,
      metadata: { name, namespace: NAMESPACE },
      ...(resource === EVENTS ? { involvedObject: { namespace: NAMESPACE } } : {}),
    };
    return this.admin.create(resource, object);
  }

  async remove(resource: Resource, name: string): Promise<void> {
    await this.admin.delete(resource, { namespace: NAMESPACE, name });
  }

  async reset(): Promise<void> {
    for (const informer of this.#informers.splice(0)) await informer.stop();
    this.proxy.rules.clear();
    this.proxy.forget();
    this.onRelist.mockClear();
    this.onVerified.mockClear();
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.admin.close();
    await this.proxy.close();
  }
}

function watchOf(resource: Resource): RegExp {
  return new RegExp(`/${resource.plural}\\?`);
}

function names(informer: Informer<KubeObject>): string[] {
  return informer
    .list()
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== 'kube-root-ca.crt')
    .toSorted();
}

describe('an informer of an API server', () => {
  let bench: Bench;
  beforeAll(async () => {
    await testCluster().kubectl('create', 'namespace', NAMESPACE);
    bench = await Bench.open(testCluster().kubeconfigPath);
  });
  afterEach(() => bench.reset());
  afterAll(() => bench.close());

  test('takes its list from a WatchList and lists nothing', async () => {
    await bench.make(CONFIG_MAPS, 'listed');
    const informer = await bench.start(CONFIG_MAPS);
    expect(names(informer)).toEqual(['listed']);
    await bench.make(CONFIG_MAPS, 'later');
    await vi.waitFor(() => expect(names(informer)).toEqual(['later', 'listed']), WAIT);
    expect(bench.proxy.seen.map(({ isWatch }) => isWatch)).toEqual([true]);
  });

  test('knows a write of its own before the watch shows it, and hears of it once', async () => {
    const informer = await bench.start(CONFIG_MAPS);
    const told: string[] = [];
    informer.onChange((key, _before, _after, origin) => told.push(`${key} ${origin}`));
    told.length = 0;
    const made = await bench.make(CONFIG_MAPS, 'own');
    informer.observe(made);
    expect(informer.get(`${NAMESPACE}/own`)?.metadata.uid).toBe(made.metadata.uid);
    await bench.make(CONFIG_MAPS, 'after-own');
    await vi.waitFor(() => expect(informer.get(`${NAMESPACE}/after-own`)).toBeDefined(), WAIT);
    expect(told.filter((word) => word.includes('/own'))).toHaveLength(1);
  });

  test('begins a half-open watch anew', async () => {
    const clock = new FakeClock();
    const informer = await bench.start(CONFIG_MAPS, { clock });
    bench.proxy.silenceWatches();
    await bench.make(CONFIG_MAPS, 'in-silence');
    await clock.advance(150_000);
    await vi.waitFor(async () => {
      await clock.advance(500);
      expect(informer.get(`${NAMESPACE}/in-silence`)).toBeDefined();
    }, WAIT);
    expect(bench.onRelist.mock.calls).toEqual([['Start']]);
  });

  test('goes on after cut connections', async () => {
    const informer = await bench.start(CONFIG_MAPS);
    bench.proxy.cutConnections();
    await bench.make(CONFIG_MAPS, 'while-cut');
    await vi.waitFor(() => expect(informer.get(`${NAMESPACE}/while-cut`)).toBeDefined(), WAIT);
    expect(bench.onRelist.mock.calls).toEqual([['Start']]);
  });

  test('waits out a 429 of the watch as long as its Retry-After says', async () => {
    const clock = new FakeClock();
    const informer = await bench.start(CONFIG_MAPS, { clock });
    bench.proxy.rules.add({
      fault: { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
      watch: true,
    });
    const before = bench.proxy.seen.length;
    bench.proxy.cutConnections();
    await bench.make(CONFIG_MAPS, 'throttled');
    await vi.waitFor(async () => {
      await clock.advance(250);
      expect(bench.proxy.seen.slice(before).map(({ status }) => status)).toEqual([429, 200]);
      expect(informer.get(`${NAMESPACE}/throttled`)).toBeDefined();
    }, WAIT);
  });

  test('finds and repairs what a watch passed over, and counts it', async () => {
    const clock = new FakeClock();
    const informer = await bench.start(CONFIG_MAPS, { clock, verifyIntervalMs: 60_000 });
    bench.proxy.silenceWatches();
    await bench.make(CONFIG_MAPS, 'passed-over');
    await vi.waitFor(async () => {
      // The word of the server that everything up to this version was shown. Other files write meanwhile.
      const { metadata } = await bench.admin.list(CONFIG_MAPS, { namespace: NAMESPACE });
      const object = { metadata: { resourceVersion: metadata.resourceVersion } };
      bench.proxy.sendToWatches(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
      await clock.advance(5_000);
      expect(bench.onVerified).toHaveBeenCalled();
    }, WAIT);
    expect(bench.onVerified.mock.calls[0]).toEqual([1]);
    await vi.waitFor(async () => {
      await clock.advance(500);
      expect(informer.get(`${NAMESPACE}/passed-over`)).toBeDefined();
    }, WAIT);
    expect(bench.onRelist.mock.calls).toEqual([['Start'], ['Missed']]);
  });
});

describe('an informer of an API server without WatchList', () => {
  let cluster: OwnTestCluster;
  let bench: Bench;
  beforeAll(async () => {
    cluster = await startTestCluster({ apiserverArgs: ['--feature-gates=WatchList=false'] });
    await cluster.kubectl('create', 'namespace', NAMESPACE);
    bench = await Bench.open(cluster.kubeconfigPath);
  });
  afterEach(() => bench.reset());
  afterAll(async () => {
    await bench.close();
    await cluster.stop();
  });

  test('lists page by page once it is refused', async () => {
    await bench.make(CONFIG_MAPS, 'listed');
    const informer = await bench.start(CONFIG_MAPS);
    expect(names(informer)).toEqual(['listed']);
    expect(bench.proxy.seen.map(({ isWatch, status }) => [isWatch, status])).toEqual([
      [true, 422],
      [false, 200],
      [true, 200],
    ]);
  });

  test('lists again after etcd was compacted beyond its interrupted watch', async () => {
    // The API server watches Events in etcd itself: its own memory can't bridge the gap.
    await bench.make(EVENTS, 'before');
    const informer = await bench.start(EVENTS);
    await bench.proxy.pause();
    await bench.remove(EVENTS, 'before');
    await bench.make(EVENTS, 'meanwhile');
    await bench.make(EVENTS, 'last');
    await cluster.compact();
    await bench.proxy.resume();
    await vi.waitFor(() => expect(names(informer)).toEqual(['last', 'meanwhile']), WAIT);
    expect(bench.onRelist.mock.calls).toEqual([['Start'], ['Expired']]);
    expect(bench.proxy.seen.map(({ status }) => status)).toContain(200);
  });

  test('loses nothing when etcd is compacted and the API server restarts under its watch', async () => {
    const informer = await bench.start(CONFIG_MAPS);
    await bench.make(CONFIG_MAPS, 'kept');
    await cluster.compact();
    await cluster.restartAPIServer();
    await bench.remove(CONFIG_MAPS, 'kept');
    await bench.make(CONFIG_MAPS, 'after-restart');
    await vi.waitFor(() => expect(names(informer)).toEqual(['after-restart', 'listed']), WAIT);
  });
});
