import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { type Applied, KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES, type Resource } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ChildCache } from '../child-cache.ts';
import type { ChildKind, ChildNames } from '../child-kind.ts';
import { type ChildResult, ensureChild } from '../ensure-child.ts';

export const NAMES: ChildNames = {
  fieldManager: 'child-test',
  managedBy: { label: 'child-test.example/managed-by', value: 'child-test' },
  appliedDigest: 'child-test.example/applied-digest',
  prefixes: ['child-test.example/'],
  ownerGroup: 'child-test.example',
};
export const MARK = { [NAMES.managedBy.label]: NAMES.managedBy.value };

const NETWORK_POLICIES: Resource = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
};
export const POLICY: ChildKind = {
  resource: NETWORK_POLICIES,
  owned: ({ spec }) => ({ spec }),
  replaceable: true,
};
export const MAP: ChildKind = {
  resource: CONFIG_MAPS,
  owned: ({ data, binaryData }) => ({ data, binaryData }),
  replaceable: true,
};

/** What tests know of a control plane. */
interface Cluster {
  readonly kubeconfigPath: string;
}

/** A child as the API server has it. */
export interface Live extends KubeObject {
  readonly [field: string]: unknown;
}

/** An operator's children on a real API server, in a namespace of each test's own, and who else edits them. */
export class ChildrenInTest {
  readonly #openCluster: () => Promise<Cluster>;
  readonly #prefix: string;
  #clients: { readonly admin: KubeClient; readonly operator: KubeClient } | undefined;
  #caches: ChildCache[] = [];
  #namespaces = 0;
  /** How many requests that write the operator has sent in this test. */
  writes = 0;

  /** Of the file's own, and of the cluster that `open` gives. */
  constructor(prefix: string, open: () => Promise<Cluster>) {
    this.#openCluster = open;
    this.#prefix = prefix;
    beforeAll(() => this.#connect());
    beforeEach(() => this.#begin());
    afterAll(() => this.#end());
  }

  get admin(): KubeClient {
    return this.#connected.admin;
  }

  /** The operator's. */
  get client(): KubeClient {
    return this.#connected.operator;
  }

  get namespace(): string {
    return `${this.#prefix}-${this.#namespaces}`;
  }

  /** A cache that has synced, as a process has it that begins now. */
  async cacheOf(kind: ChildKind): Promise<ChildCache> {
    const cache = new ChildCache({ client: this.client, log: silentLogger, kind, names: NAMES });
    this.#caches.push(cache);
    await cache.start((error) => expect.unreachable(String(error)));
    await cache.synced;
    return cache;
  }

  ensure(cache: ChildCache, desired: Applied, wasThere = false): Promise<ChildResult> {
    return ensureChild({ client: this.client, cache, desired, wasThere });
  }

  map(data: Record<string, string>, labels: Record<string, string> = {}, name = 'child'): Applied {
    return { metadata: { name, namespace: this.namespace, labels: { ...MARK, ...labels } }, data };
  }

  async live(resource: Resource, name = 'child'): Promise<Live> {
    const found = await this.admin.get<Live>(resource, { name, namespace: this.namespace });
    if (found === undefined) throw new Error('the child is missing');
    return found;
  }

  /** Changes the child as a person would, and waits until the cache has seen it. */
  async edit(cache: ChildCache, patch: Record<string, unknown>): Promise<void> {
    const ref = { name: 'child', namespace: this.namespace };
    const { metadata } = await this.admin.mergePatch(cache.kind.resource, ref, patch, {
      fieldManager: 'kubectl-edit',
    });
    await vi.waitFor(() => {
      const seen = cache.get(`${this.namespace}/child`)?.metadata.resourceVersion;
      expect(seen).toBe(metadata.resourceVersion);
    });
  }

  get #connected() {
    if (this.#clients === undefined) throw new Error('there are clients only within a test');
    return this.#clients;
  }

  async #connect(): Promise<void> {
    const config = new KubeConfig();
    config.loadFromFile((await this.#openCluster()).kubeconfigPath);
    const onRequest = (method: string) => {
      if (method !== 'GET') this.writes += 1;
    };
    this.#clients = {
      admin: new KubeClient({ config, userAgent: 'admin' }),
      operator: new KubeClient({ config, userAgent: 'child-test', onRequest }),
    };
  }

  async #begin(): Promise<void> {
    await this.#stopCaches();
    this.#namespaces += 1;
    const metadata = { name: this.namespace };
    await this.admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
    this.writes = 0;
  }

  async #end(): Promise<void> {
    await this.#stopCaches();
    await this.admin.close();
    await this.client.close();
  }

  async #stopCaches(): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.stop()));
    this.#caches = [];
  }
}
