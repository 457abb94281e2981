import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import type { Registry } from 'prom-client';
import { expect, vi } from 'vitest';
import { PROJECTED_FIELDS, podKeys, projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { applyManifests } from '#hack/demo/cluster-objects.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import { type Resource, SECRETS } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { TelnyxCarrier } from '#operator/carrier/telnyx.ts';
import { createOperator } from '#operator/create-operator.ts';
import type { Condition } from '#operator/engine/conditions.ts';
import { EngineMetrics } from '#operator/engine/metrics.ts';
import { ensureInstallationID } from '#operator/installation/installation-id.ts';
import { ensureMasterKey } from '#operator/installation/master-key.ts';
import { type OwnTestCluster, startTestCluster, type TestCluster } from './cluster.ts';
import { startDataRecorder } from './data-recorder.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import type { ClusterOptions } from './start-cluster.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
export const SYSTEM = 'veralux-system';
export const RUNTIME = { namespace: SYSTEM, name: 'operator-test' };
/** How long a test waits for the operator, and how often it looks. */
export const WAIT = { timeout: 18_000, interval: 100 };

/** An object as tests look at it. */
export interface Shown extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[]; readonly [field: string]: unknown };
  readonly spec?: { readonly [field: string]: unknown };
}

export interface RunningOperator {
  readonly identity: string;
  /** Where it counts what it does. */
  readonly registry: Registry;
  stop(): Promise<void>;
}

interface Inventory {
  readonly numbers: readonly {
    readonly phone_number: string;
    readonly connection_id?: string;
    readonly customer_reference?: string;
  }[];
  readonly orders: readonly { readonly customer_reference?: string }[];
}

/**
 * What the operator's tests stand on: an API server of their own with the manifests that are shipped, a
 * Redis, Telnyx's stand-in, a VoiceRuntime whose pod reports, and operators that run with the rights
 * of their own service account.
 */
export class OperatorBench {
  readonly admin: KubeClient;
  /** With the account and the rights of the API server, which alone may record what becomes of a tenant's data. */
  readonly apiserver: KubeClient;
  readonly redis: Redis;
  readonly telnyx: TelnyxStandIn;
  readonly testRedis: TestRedis;
  /** Of the operator's service account. */
  readonly account: KubeConfig;
  readonly cluster: OwnTestCluster;
  /** Lets deleted Tenants go, as the API server does when it has recorded what becomes of their rows. */
  readonly recorder: { stop(): Promise<void> };
  #started = 0;

  private constructor(parts: {
    admin: KubeClient;
    apiserver: KubeClient;
    redis: Redis;
    telnyx: TelnyxStandIn;
    testRedis: TestRedis;
    account: KubeConfig;
    cluster: OwnTestCluster;
    recorder: { stop(): Promise<void> };
  }) {
    this.admin = parts.admin;
    this.apiserver = parts.apiserver;
    this.redis = parts.redis;
    this.telnyx = parts.telnyx;
    this.testRedis = parts.testRedis;
    this.account = parts.account;
    this.cluster = parts.cluster;
    this.recorder = parts.recorder;
  }

  /** `beforePolicies` makes what the admission policies would refuse: what stood there before them. */
  static async open(
    beforePolicies?: (admin: KubeClient) => Promise<void>,
    options: ClusterOptions = {},
  ): Promise<OperatorBench> {
    const cluster = await startTestCluster(options);
    const admin = new KubeClient({ config: configOf(cluster.kubeconfigPath), userAgent: 'test' });
    await beforePolicies?.(admin);
    await applyManifests((args) => cluster.kubectl(...args), REPOSITORY);
    const account = await accountConfig(cluster, 'veralux-operator');
    const apiserver = await accountConfig(cluster, 'veralux-apiserver');
    const testRedis = await startTestRedis();
    const apiserverClient = new KubeClient({ config: apiserver, userAgent: 'veralux-apiserver' });
    const bench = new OperatorBench({
      admin,
      apiserver: apiserverClient,
      recorder: await startDataRecorder(apiserverClient),
      redis: await connectRedis({ url: testRedis.url, name: 'test', log: silentLogger }),
      telnyx: await startTelnyxStandIn({ settings: { orderDelayMs: 200 } }),
      testRedis,
      account,
      cluster,
    });
    await bench.#applyRuntime();
    return bench;
  }

  async close(): Promise<void> {
    await this.recorder.stop();
    await disconnectRedis(this.redis);
    await this.testRedis.stop();
    await this.telnyx.stop();
    await this.admin.close();
    await this.apiserver.close();
    await this.cluster.stop();
  }

  /** Starts an operator; resolves when it serves, or at once where it has to wait for the lease. */
  async startOperator({
    waitForReady = true,
    config = this.account,
  }: {
    readonly waitForReady?: boolean;
    readonly config?: KubeConfig;
  } = {}): Promise<RunningOperator> {
    this.#started += 1;
    const identity = `test-${process.pid}-${this.#started}`;
    const registry = createRegistry('operator');
    const client = new KubeClient({ config, userAgent: 'veralux-operator' });
    const redis = await connectRedis({ url: this.testRedis.url, name: identity, log: silentLogger });
    const running = createOperator({
      client,
      redis,
      log: silentLogger,
      registry,
      metrics: new EngineMetrics(registry),
      clock: systemClock,
      namespace: SYSTEM,
      identity,
      installationID: await ensureInstallationID(client, SYSTEM),
      masterKey: await ensureMasterKey(client, SYSTEM),
      rotationDays: 90,
      runtimeSettings: {
        image: 'veralux.test/veralux:test',
        redisURL: this.testRedis.url,
        telnyxBaseURL: this.telnyx.url,
      },
      makeCarrier: (apiKey, fence) => new TelnyxCarrier({ apiKey, baseURL: this.telnyx.url, fence }),
    });
    const failures: unknown[] = [];
    for (const service of running.services) await service.start((error) => failures.push(error));
    if (waitForReady) await vi.waitFor(() => expect(running.notReady()).toEqual([]), WAIT);
    return {
      identity,
      registry,
      async stop() {
        await Promise.all(running.services.map(async (service) => service.drain?.()));
        for (const service of running.services.toReversed()) await service.stop();
        await disconnectRedis(redis);
        await client.close();
        expect(failures).toEqual([]);
      },
    };
  }

  async apply(resource: Resource, ref: ObjectRef, body: object): Promise<void> {
    await this.admin.apply(
      resource,
      { metadata: { ...ref }, ...body },
      { fieldManager: 'test', force: true },
    );
  }

  async applyTenant(name: string, spec: object): Promise<void> {
    const workflows = [{ name: 'lead', fields: [] }];
    const whole = { displayName: name, plan: 'Free', runtimeRef: RUNTIME, workflows, ...spec };
    await this.apply(TENANT, { name }, { spec: whole });
  }

  /** Waits until the object's condition has this reason; the object as it is then. */
  async until(resource: Resource, ref: ObjectRef, type: string, reason: string): Promise<Shown> {
    return vi.waitFor(async () => {
      const shown = await this.admin.get<Shown>(resource, ref);
      if (shown === undefined) throw new Error(`there is no ${resource.kind} ${ref.name}`);
      expect(conditionOf(shown, type), `${ref.name} ${type}`).toMatchObject({ reason });
      return shown;
    }, WAIT);
  }

  /** A pod that reports for the next hour. */
  async reportPod(): Promise<void> {
    const runtime = `${RUNTIME.namespace}/${RUNTIME.name}`;
    const at = Date.now() + 3_600_000;
    const report = {
      pod: 'p',
      runtime,
      state: 'Serving',
      mediaURL: 'ws://127.0.0.1:1',
      slots: 5,
      calls: 0,
      at,
    };
    await this.redis.zadd(podKeys.runtimePods(runtime), at, 'p');
    await this.redis.hset(podKeys.pod(runtime, 'p'), PROJECTED_FIELDS.value, JSON.stringify(report));
  }

  /** Resolves when the operator has compared all that Redis holds, by what is there now, and repaired it. */
  async fullPass(): Promise<void> {
    const stray = 'tenant:{s00}:of-nobody';
    // What is of nobody goes at some time of a pass: when it went in the second, the first is over.
    for (let pass = 1; pass <= 2; pass += 1) {
      await this.redis.hset(stray, PROJECTED_FIELDS.value, '{}');
      await this.redis.del(projectionKeys.epoch());
      await vi.waitFor(
        async () => expect(await this.redis.hget(stray, PROJECTED_FIELDS.value)).toBeNull(),
        WAIT,
      );
    }
  }

  profileOf(tenant: Shown | undefined): Promise<unknown> {
    return this.#valueOf(projectionKeys.tenant(String(tenant?.status?.['tenantID'])));
  }

  didOf(number: string): Promise<unknown> {
    return this.#valueOf(projectionKeys.did(number));
  }

  ordersFor(ref: { namespace: string; name: string }) {
    const end = `/${ref.namespace}/${ref.name}`;
    return this.inventory().orders.filter((order) => order.customer_reference?.endsWith(end));
  }

  inventory(): Inventory {
    return this.telnyx.control.inventory() as Inventory;
  }

  async #valueOf(key: string): Promise<unknown> {
    const text = await this.redis.hget(key, PROJECTED_FIELDS.value);
    return text === null ? undefined : JSON.parse(text);
  }

  async #applyRuntime(): Promise<void> {
    await this.reportPod();
    const { apiKey, publicKey } = this.telnyx;
    await this.apply(SECRETS, RUNTIME, { stringData: { apiKey, publicKey } });
    await this.apply(VOICE_RUNTIME, RUNTIME, { spec: externalRuntimeSpec(RUNTIME.name) });
  }
}

/** Of a VoiceRuntime that runs elsewhere, with the Telnyx Secret of the bench's own runtime. */
export function externalRuntimeSpec(applicationName: string): object {
  const engine = { endpoint: 'http://127.0.0.1:1' };
  return {
    mode: 'External',
    endpoint: { mediaURL: 'ws://127.0.0.1:1', webhookURL: 'http://127.0.0.1:1/webhooks/telnyx' },
    telnyx: { secretRef: { name: RUNTIME.name }, applicationName },
    engines: { stt: { type: 'Whisper', ...engine }, tts: { type: 'Kokoro', ...engine } },
  };
}

export function conditionOf(object: Shown, type: string): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

function configOf(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(readFileSync(path, 'utf8'));
  return config;
}

/** A kubeconfig that logs in as one of our service accounts. */
async function accountConfig(cluster: TestCluster, account: string): Promise<KubeConfig> {
  const token = await cluster.kubectl('create', 'token', account, `--namespace=${SYSTEM}`);
  const config = configOf(cluster.kubeconfigPath);
  config.users = config.users.map(({ name }) => ({ name, token: token.trim() }));
  return config;
}
