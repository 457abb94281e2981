import { crc32 } from 'node:zlib';

/** How many shards the tenants are spread over. Changing it moves every tenant's keys: never do. */
export const SHARD_COUNT = 64;

/** A shard's name, `s00` to `s63`; in keys it stands in braces, so a shard is one Redis Cluster slot. */
export type Shard = string;

export const ALL_SHARDS: readonly Shard[] = Array.from({ length: SHARD_COUNT }, (_, index) =>
  shardName(index),
);

/** The shard that holds every key of a tenant: CRC-32 of its id, modulo 64. */
export function shardOf(tenantID: string): Shard {
  return shardName(crc32(tenantID) % SHARD_COUNT);
}

function shardName(index: number): Shard {
  return `s${String(index).padStart(2, '0')}`;
}
