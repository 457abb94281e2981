import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS, type Shard, shardOf } from '#crds/projection/shard.ts';
import { startTopology, type TestTopology, TOPOLOGIES } from '#hack/testing/redis-topology.ts';
import { isAway, serverOf } from '#lib/redis/servers.ts';
import { append, callEvents } from '../testing/ledger-events.ts';
import { TestLedger } from '../testing/test-ledger.ts';
import { until } from '../testing/until.ts';

/** A replica takes over a few seconds after its master is taken for dead, and this machine is shared. */
const TAKES_OVER = { timeout: 60_000, interval: 100 };

describe.each(TOPOLOGIES)('the ledger writer on %s', (name) => {
  let topology: TestTopology;
  let ledger: TestLedger;
  beforeEach(async () => {
    topology = await startTopology(name);
    ledger = await TestLedger.start(topology);
    await ledger.startWriter();
  }, 60_000);
  afterEach(() => ledger.stop());

  test('takes in the streams of all shards, says how far it is in each, and trims them', async () => {
    const tenants = tenantsOfAllShards();
    await Promise.all(
      [...tenants.values()].map((tenantID) => append(ledger.redis, callEvents({ tenantID, seconds: 61 }))),
    );
    await ledger.drained();
    expect(await callsOf([...tenants.values()])).toBe(ALL_SHARDS.length);
    const lengths = await Promise.all(
      ALL_SHARDS.map((shard) => until(async () => ((await lengthOf(shard)) === 1 ? 1 : undefined))),
    );
    expect(lengths).toHaveLength(ALL_SHARDS.length);
  }, 60_000);

  test('goes on with the other shards while a master is away, and with its own after that', async () => {
    const tenants = tenantsOfAllShards();
    const [lost = 's00'] = ALL_SHARDS;
    const stream = ledgerKeys.stream(lost);
    const events = [...tenants.values()].flatMap((tenantID) => callEvents({ tenantID }));
    await append(ledger.redis, events);
    await ledger.drained();
    await topology.killMasterOf(stream);
    if (name === 'a Cluster') {
      await expect.poll(() => isAway(ledger.redis, stream)).toBe(true);
      const other = ALL_SHARDS.find(
        (shard) => serverOf(ledger.redis, ledgerKeys.stream(shard)) !== serverOf(ledger.redis, stream),
      );
      const tenantID = tenants.get(other ?? '') ?? '';
      await append(ledger.redis, callEvents({ tenantID }));
      await until(async () => ((await callsOf([tenantID])) === 2 ? true : undefined));
    }
    // All of it once more, as pods do that cannot know what a failover has lost, and something new.
    const again = callEvents({ tenantID: tenants.get(lost) ?? '' });
    for (const event of [...events, ...again]) await appendOnceTaken(event);
    await until(async () => ((await callsOf([tenants.get(lost) ?? ''])) === 2 ? true : undefined));
    await ledger.drained();
    expect(await callsOf([...tenants.values()])).toBe(ALL_SHARDS.length + (name === 'a Cluster' ? 2 : 1));
  }, 120_000);

  /** Offered until it is taken: the connection may break once more while a replica takes over. */
  async function appendOnceTaken(event: LedgerEvent): Promise<void> {
    const taken = () =>
      append(ledger.redis, [event]).then(
        () => 'taken',
        (error: unknown) => String(error),
      );
    await expect.poll(taken, TAKES_OVER).toBe('taken');
  }

  async function lengthOf(shard: Shard): Promise<number> {
    return ledger.redis.xlen(ledgerKeys.stream(shard));
  }

  /** How many calls are counted for these tenants together. */
  async function callsOf(tenantIDs: readonly string[]): Promise<number> {
    const [row] = await ledger.database.worker.query<{ n: string | null }>(
      `SELECT sum(quantity) AS n FROM usage_counters WHERE metric = 'call_count' AND tenant_id = ANY($1)`,
      [tenantIDs],
    );
    return Number(row?.n);
  }
});

/** One tenant in each shard. */
function tenantsOfAllShards(): ReadonlyMap<Shard, string> {
  const tenants = new Map<Shard, string>();
  while (tenants.size < ALL_SHARDS.length) {
    const tenantID = randomUUID();
    tenants.set(shardOf(tenantID), tenantID);
  }
  return tenants;
}
