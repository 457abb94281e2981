import { type Shard, shardOf } from '#crds/projection/shard.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';

/** Far above the calls that one pod brings on their way within the times that such states last. */
const MAX_CALLS = 2_000;
/** For so long after its deadline nobody else may have driven a call on. */
const OVERDUE_MS = 5_000;

export interface RecentCall {
  readonly call: StoredCall;
  readonly version: number;
}

/**
 * The calls whose present state this pod stored and whose media nobody holds: they ring, attach, end,
 * or a person has them. If Redis loses one, this pod brings it back; others know only what travels
 * with it through the carrier. A call that is talked to is LiveCalls' to keep. At its bound the oldest
 * go.
 */
export class RecentCalls {
  readonly #calls = new Map<string, RecentCall>();

  /** A call as it was stored under `version`. */
  note(call: StoredCall, version: number): void {
    const { callID, state } = call.record;
    const known = this.#calls.get(callID);
    if (known && lacksReasonOf(known, call)) return;
    this.#calls.delete(callID);
    if (state === 'settled' || state === 'talking') return;
    this.#calls.set(callID, { call, version });
    if (this.#calls.size <= MAX_CALLS) return;
    const oldest = this.#calls.keys().next().value;
    if (oldest !== undefined) this.#calls.delete(oldest);
  }

  /** Of the calls that are kept. What is over is forgotten here, as nothing of a caller stays longer than it serves. */
  shards(nowMs: number): ReadonlySet<Shard> {
    this.#forgetOver(nowMs);
    return new Set(Array.from(this.#calls.values(), ({ call }) => shardOf(call.record.tenantID)));
  }

  /** Those of a shard that no pod has driven on since, as far as can be known here. */
  ofShard(shard: Shard, nowMs: number): readonly RecentCall[] {
    this.#forgetOver(nowMs);
    return [...this.#calls.values()].filter(({ call }) => shardOf(call.record.tenantID) === shard);
  }

  /** A call as it was stored here last, where no pod has driven it on since, as far as can be known here. */
  get(callID: string, nowMs: number): RecentCall | undefined {
    const known = this.#calls.get(callID);
    return known && !isOver(known, nowMs) ? known : undefined;
  }

  #forgetOver(nowMs: number): void {
    for (const [callID, known] of this.#calls) if (isOver(known, nowMs)) this.#calls.delete(callID);
  }
}

/** Settled by what Redis knew of it before it lost why the call ended: that is told when the shard is brought back. */
function lacksReasonOf(known: RecentCall, { record }: StoredCall): boolean {
  const { reason } = known.call.record;
  return (
    record.state === 'settled' &&
    record.reason === 'CarrierEnded' &&
    (reason ?? record.reason) !== record.reason
  );
}

function isOver({ call }: RecentCall, nowMs: number): boolean {
  return (call.record.deadlineAtMs ?? 0) + OVERDUE_MS < nowMs;
}
