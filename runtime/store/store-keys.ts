import { callKeys, counterKeys, ledgerKeys } from '#crds/projection/keys.ts';
import { type Shard, shardOf } from '#crds/projection/shard.ts';

/** Where a call lives: its tenant's shard, and within it the tenant. */
export interface CallRef {
  readonly tenantID: string;
  readonly callID: string;
}

/**
 * The keys that the runtime alone writes. All of a tenant's keys carry its shard's tag, so that one
 * script can touch them together, also on Redis Cluster.
 */
export const storeKeys = {
  /**
   * Hash: `version`, `generation`, `record` (CallRecord as JSON), `conversation` (JSON); of a call that was brought
   * back `restored`, the version under which that was, and the one that it had had.
   */
  call: ({ tenantID, callID }: CallRef) => `call:{${shardOf(tenantID)}}:${callID}`,
  /** Set: the ids of the events and ledger events that this call has taken. */
  seen: ({ tenantID, callID }: CallRef) => `seen:{${shardOf(tenantID)}}:${callID}`,
  /** Sorted set: `<tenantID>/<callID>` of one runtime's calls, scored by deadline in epoch ms. */
  due: (shard: Shard, runtime: string) => `due:{${shard}}:${runtime}`,
  leases: callKeys.leases,
  treated: callKeys.treated,
  /**
   * Sorted set: `<number> <callID>` of a tenant's transfers that ring, scored by expiry in epoch ms: the
   * number that is dialled, and the one it sees.
   */
  dialling: (tenantID: string) => `dialling:{${shardOf(tenantID)}}:${tenantID}`,
  /** String: seconds that people had a tenant's calls on a UTC day, YYYY-MM-DD. */
  transferSeconds: (tenantID: string, day: string) => `transferred:{${shardOf(tenantID)}}:${tenantID}:${day}`,
  /** Hash: `<seconds>/<epoch ms>` by call id: what a tenant's transfers may still take of a day, and until when at most. */
  transferHolds: (tenantID: string) => `transfer-holds:{${shardOf(tenantID)}}:${tenantID}`,
  counters: counterKeys.counters,
  /** String: the pod that compared a runtime's calls with the carrier's last; expires when it is due again. */
  sweep: (runtime: string) => `sweep:{${runtime}}`,
  /** String: the pod that looks for recordings that are to be deleted, until the next one may. */
  recordingErasure: (runtime: string) => `recording-erasure:{${runtime}}`,
  /**
   * String: `<epoch ms by Redis' clock>/<id>`, left for the pod that looked first; missing or changed means that the shard was emptied,
   * and the time that it was before that.
   */
  mark: (shard: Shard) => `mark:{${shard}}`,
  ledger: (tenantID: string) => ledgerKeys.stream(shardOf(tenantID)),
} as const;

/** String: one pod of a runtime looks after another, silent one. In the slot of the runtime's pods. */
export function rescueKey(runtime: string, pod: string): string {
  return `rescue:{${runtime}}:${pod}`;
}

export function dueMember({ tenantID, callID }: CallRef): string {
  return `${tenantID}/${callID}`;
}

export function parseDueMember(member: string): CallRef | undefined {
  const [tenantID, callID] = member.split('/');
  return tenantID && callID ? { tenantID, callID } : undefined;
}
