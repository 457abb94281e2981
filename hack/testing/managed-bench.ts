import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import type { SimulatedNode } from '#hack/kubernetes/simulated-nodes.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { EVENTS, PODS, type Resource } from '#lib/kube/resource.ts';
import { OperatorBench, RUNTIME, type RunningOperator, type Shown, SYSTEM } from './operator-bench.ts';
import { simulateNodes } from './simulate-nodes.ts';

interface Event extends KubeObject {
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { readonly name: string };
}

const endpoint = { mediaURL: 'wss://voice.test', webhookURL: 'https://voice.test/webhooks/telnyx' };

const NODES: readonly SimulatedNode[] = [{ name: 'managed-1' }, { name: 'managed-gpu', gpus: 2 }];

/**
 * What the tests of Managed VoiceRuntimes stand on: the operator with its shipped rights, a real control
 * plane with a scheduler, and two nodes that KWOK plays, one of them with two GPUs.
 */
export class ManagedBench {
  readonly bench: OperatorBench;
  readonly admin: KubeClient;
  /** Tests may stop it and put another one here. */
  operator: RunningOperator;
  /** Of every runtime, unless its spec says otherwise: they run elsewhere. */
  readonly engines = {
    stt: { type: 'Whisper', endpoint: 'http://whisper.test:8000' },
    tts: { type: 'Kokoro', endpoint: 'http://kokoro.test:8880' },
  };
  readonly #nodes: { stop(): Promise<void> };

  private constructor(bench: OperatorBench, operator: RunningOperator, nodes: { stop(): Promise<void> }) {
    this.bench = bench;
    this.admin = bench.admin;
    this.operator = operator;
    this.#nodes = nodes;
  }

  static async open(): Promise<ManagedBench> {
    const bench = await OperatorBench.open();
    const nodes = await simulateNodes(bench.cluster, NODES);
    return new ManagedBench(bench, await bench.startOperator(), nodes);
  }

  /** With neither scheduler nor nodes: of its pods, tests say what a kubelet would. */
  static async openWithoutNodes(): Promise<ManagedBench> {
    const bench = await OperatorBench.open();
    return new ManagedBench(bench, await bench.startOperator(), { stop: async () => undefined });
  }

  async close(): Promise<void> {
    await this.operator.stop();
    await this.#nodes.stop();
    await this.bench.close();
  }

  async applyRuntime(name: string, spec: object = {}, namespace = SYSTEM): Promise<void> {
    const telnyx = { secretRef: { name: RUNTIME.name }, applicationName: name };
    const { engines } = this;
    await this.bench.apply(
      VOICE_RUNTIME,
      { namespace, name },
      { spec: { mode: 'Managed', endpoint, telnyx, engines, ...spec } },
    );
  }

  ready(name: string): Promise<Shown> {
    return this.bench.until(VOICE_RUNTIME, { namespace: SYSTEM, name }, 'Ready', 'Ready');
  }

  shown(resource: Resource, name: string, namespace = SYSTEM): Promise<Shown | undefined> {
    return this.admin.get<Shown>(resource, { namespace, name });
  }

  /** The runtime's own pods, or those of its engines of a kind, that are not on their way out. */
  async podsOf(name: string, component: 'runtime' | 'stt' = 'runtime'): Promise<readonly KubeObject[]> {
    const labelSelector = `veralux.io/runtime=${name},app.kubernetes.io/component=${component}`;
    const { items } = await this.admin.list(PODS, { namespace: SYSTEM, labelSelector });
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  async eventsOf(name: string, reason: string): Promise<readonly string[]> {
    const { items } = await this.admin.list<Event>(EVENTS, { namespace: SYSTEM });
    return items
      .filter((event) => event.involvedObject.name === name && event.reason === reason)
      .map(({ message }) => message);
  }

  /** Pods that report for the next hour, each with so many calls. */
  async report(runtime: string, calls: Readonly<Record<string, number>>): Promise<void> {
    const key = `${SYSTEM}/${runtime}`;
    const { redis } = this.bench;
    const at = Date.now() + 3_600_000;
    for (const [pod, held] of Object.entries(calls)) {
      const heartbeat = {
        pod,
        runtime: key,
        state: 'Serving',
        mediaURL: 'ws://a',
        slots: 50,
        calls: held,
        at,
      };
      await redis.hset(podKeys.pod(key, pod), PROJECTED_FIELDS.value, JSON.stringify(heartbeat));
      await redis.zadd(podKeys.runtimePods(key), at, pod);
    }
  }
}
