import { type Shard, shardOf } from './shard.ts';

/**
 * The Redis keys that more than one program touches. What the runtime alone keeps is named in
 * runtime/store. A hash written by the operator has the fields of `PROJECTED_FIELDS`.
 */
export const projectionKeys = {
  /** Hash: where a dialled number leads. A look-up of its own, outside the shards. */
  did: (number: string) => `did:${number}`,
  /** Hash: a tenant's effective profile. */
  tenant: (tenantID: string) => `tenant:{${shardOf(tenantID)}}:${tenantID}`,
  /** Hash: the sealed tokens of its tools; absent where none of them has one. */
  tenantTools: (tenantID: string) => `tenant-tools:{${shardOf(tenantID)}}:${tenantID}`,
  /** Hash: what its ConfigMaps tell of the company; absent where it names none. */
  tenantKnowledge: (tenantID: string) => `tenant-knowledge:{${shardOf(tenantID)}}:${tenantID}`,
  /** String, written by the operator with its fence; missing or changed means that Redis lost data. */
  epoch: () => 'projection:epoch',
  /**
   * String, written by the operator: the epoch under which all was found to be there, or was written. While it is
   * another than the epoch, what is missing may only not be written yet.
   */
  whole: () => 'projection:whole',
} as const;

/** What keys of projected hashes begin with. */
export const PROJECTED_PREFIXES = ['did:', 'tenant:', 'tenant-tools:', 'tenant-knowledge:'] as const;

/** Whose a projected hash is, and what of it. */
export type ProjectedSubject =
  | { readonly part: 'route'; readonly number: string }
  | { readonly part: 'profile' | 'tools' | 'knowledge'; readonly tenantID: string };

const TENANT_PARTS = { tenant: 'profile', 'tenant-tools': 'tools', 'tenant-knowledge': 'knowledge' } as const;

/** What a key of a projected hash is of; undefined for every other key. */
export function subjectOf(key: string): ProjectedSubject | undefined {
  const [, number] = /^did:(.+)$/.exec(key) ?? [];
  if (number !== undefined) return { part: 'route', number };
  const [, kind, tenantID] = /^(tenant|tenant-tools|tenant-knowledge):\{[^}]*\}:(.+)$/.exec(key) ?? [];
  if (kind === undefined || tenantID === undefined) return undefined;
  return { part: TENANT_PARTS[kind as keyof typeof TENANT_PARTS], tenantID };
}

/**
 * The fields of a projected hash: the value as JSON, and the fence under which it was written. Of a key
 * that was removed, for an hour: its last value, and when that was in epoch ms. Of a tenant that ends,
 * for as long as it has calls in progress, and no longer.
 */
export const PROJECTED_FIELDS = {
  value: 'value',
  term: 'term',
  sequence: 'sequence',
  removed: 'removed',
  removedAt: 'removedAt',
} as const;

export const callKeys = {
  /** Sorted set, written by the runtime: a tenant's calls in progress, scored by the lease's expiry in epoch ms. */
  leases: (tenantID: string) => `leases:{${shardOf(tenantID)}}:${tenantID}`,
  /** Sorted set: the same of calls that no agent took and that are answered with a message. */
  treated: (tenantID: string) => `treated:{${shardOf(tenantID)}}:${tenantID}`,
} as const;

export const counterKeys = {
  /**
   * Hash of a tenant's UTC month (`YYYY-MM`): `calls` and `callSeconds` that were settled, counted by the
   * runtime since `since` (epoch ms); `seeded` (epoch ms): as the API server has them, and from then on.
   */
  counters: (tenantID: string, month: string) => `counters:{${shardOf(tenantID)}}:${tenantID}:${month}`,
  /** Set of `<tenantID>/<month>`: the counters that began anew, for the API server to put right. */
  unseeded: (shard: Shard) => `unseeded:{${shard}}`,
} as const;

export const erasureKeys = {
  /** Set, written by the API server: the carrier's ids of legs of a runtime whose recordings are to be deleted. */
  recordings: (runtime: string) => `erased-recordings:{${runtime}}`,
  /** Set, written by the runtime: those of them of which the carrier has none left. */
  gone: (runtime: string) => `erased-recordings-gone:{${runtime}}`,
} as const;

export const ledgerKeys = {
  /** Stream: the shard's call ledger. Entry fields: `event`, a LedgerEvent as JSON. */
  stream: (shard: Shard) => `ledger:{${shard}}`,
  /** String: the last stream id that the API server has committed to Postgres. */
  committed: (shard: Shard) => `ledger:{${shard}}:committed`,
} as const;

export const podKeys = {
  /** Sorted set: the pods of a runtime (`namespace/name`), scored by their last heartbeat in epoch ms. */
  runtimePods: (runtime: string) => `pods:{${runtime}}`,
  /** Hash: one pod's heartbeat, fields of PodHeartbeat as JSON under `value`. Same slot as its runtime. */
  pod: (runtime: string, pod: string) => `pod:{${runtime}}:${pod}`,
  /** Sorted set: the slots reserved on a pod, call id scored by expiry in epoch ms. */
  slots: (runtime: string, pod: string) => `slots:{${runtime}}:${pod}`,
} as const;
