import { type Shard, shardOf } from '#crds/projection/shard.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import type { LiveCall } from './call.ts';

/** The calls whose media this pod holds. Bounded by the pod's slots, which the media server keeps to. */
export class LiveCalls {
  readonly #calls = new Map<string, LiveCall>();
  readonly #expected = new Map<string, number>();
  readonly #metrics: RuntimeMetrics;
  #whenEmpty: (() => void)[] = [];

  constructor(metrics: RuntimeMetrics) {
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#calls.size;
  }

  refs(): readonly CallRef[] {
    return Array.from(this.#calls.values(), ({ ref }) => ref);
  }

  /** The generation of the stream that each call has here; of calls on their way to this pod, too. */
  held(): ReadonlyMap<string, number> {
    const held = new Map(this.#expected);
    for (const { callID, generation } of this.#calls.values()) held.set(callID, generation);
    return held;
  }

  /** A call's stream comes here: from before that is stored until it is added, or `cancel` is called. */
  expect(callID: string, generation: number): { cancel(): void } {
    this.#expected.set(callID, generation);
    return {
      cancel: () => {
        if (this.#expected.get(callID) === generation) this.#expected.delete(callID);
      },
    };
  }

  shards(): Iterable<Shard> {
    return this.refs().map(({ tenantID }) => shardOf(tenantID));
  }

  /**
   * Writes back the calls of a shard that Redis may have lost; resolves to how many were. Throws what
   * Redis throws.
   */
  async restore(shard: Shard): Promise<number> {
    const ofShard = [...this.#calls.values()].filter(({ ref }) => shardOf(ref.tenantID) === shard);
    const restored = await Promise.all(ofShard.map((call) => call.restore()));
    return restored.filter(Boolean).length;
  }

  has(callID: string): boolean {
    return this.#calls.has(callID);
  }

  /** Takes the place of one under the same id: that one's stream is over, also where nobody told. */
  add(call: LiveCall): void {
    void this.#calls.get(call.callID)?.end();
    this.#calls.set(call.callID, call);
    this.#metrics.calls.set(this.#calls.size);
  }

  /** Forgets `call`; another one under the same id, of a later stream, stays. */
  remove(call: LiveCall): void {
    if (this.#calls.get(call.callID) !== call) return;
    this.#calls.delete(call.callID);
    this.#metrics.calls.set(this.#calls.size);
    if (this.#calls.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  all(): readonly LiveCall[] {
    return [...this.#calls.values()];
  }

  /** Ends the session of a call that no agent has any more, unless its stream is a later one. */
  end(callID: string, generation: number): void {
    const call = this.#calls.get(callID);
    if (call && call.generation <= generation) void call.end();
  }

  /** Ends every session; resolves when all have reported it. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#calls.values()].map((call) => call.end()));
  }

  /** Resolves when no call is left. */
  empty(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
    });
  }
}
