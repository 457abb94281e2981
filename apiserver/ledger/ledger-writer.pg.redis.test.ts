import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { counterKeys, ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { append, callEvents } from '../testing/ledger-events.ts';
import { TestLedger } from '../testing/test-ledger.ts';
import { until } from '../testing/until.ts';

describe('the ledger writer', () => {
  let ledger: TestLedger;
  beforeAll(async () => {
    ledger = await TestLedger.start();
  });
  afterAll(() => ledger.stop());
  beforeEach(() => ledger.newTenant());
  afterEach(() => ledger.stopWriters());

  test('a whole call becomes a transcript, a lead and usage', async () => {
    await ledger.startWriter();
    const events = callEvents({ tenantID: ledger.tenant.tenantID, seconds: 75, turns: 4 });
    await append(ledger.redis, events);
    const call = await ledger.settled(events);
    expect(call).toMatchObject({
      from: '+13125550142',
      to: '+13125550100',
      seconds: 75,
      hangupReason: 'WorkflowCompleted',
      carrierCause: 'normal_clearing',
      hasLead: true,
      usage: { callSeconds: 75, sttSeconds: 20, ttsCharacters: 180 },
      lead: { workflow: 'lead-capture', complete: true },
    });
    expect(call.transcript.map((turn: { index: number }) => turn.index)).toEqual([0, 1, 2, 3]);
    expect(call.transcript.map(({ stages }: { stages: object | null }) => stages)).toEqual([
      null,
      null,
      { endpointingMs: 480, sttMs: 20, llmMs: 310, ttsMs: 190, ownMs: 12 },
      null,
    ]);
    expect(await ledger.usage()).toMatchObject({
      call_count: 1,
      call_seconds: 75,
      call_minutes: 2,
      tts_characters: 180,
    });
    const leads = await ledger.api.call('GET', '/api/admin/leads', { token: ledger.tenant.token });
    expect(leads.body.items).toEqual([call.lead]);
  });

  test.each(['Voicemail', 'Call'] as const)(
    'the recording of a %s is kept with it, and its place at the carrier is not shown',
    async (purpose) => {
      await ledger.startWriter();
      const events = callEvents({ tenantID: ledger.tenant.tenantID });
      const { tenantID } = ledger.tenant;
      const callID = events[0]?.callID ?? '';
      const recording: LedgerEvent = {
        schemaVersion: 1,
        id: `${callID}/recording`,
        tenantID,
        callID,
        occurredAt: new Date().toISOString(),
        kind: 'recording',
        purpose,
        durationMs: 4_200,
        carrierLegID: 'leg-1',
        retentionDays: 14,
      };
      // Of a call it comes seconds after all the rest.
      await append(
        ledger.redis,
        purpose === 'Call' ? [...events, recording, recording] : [recording, recording, ...events],
      );
      expect((await ledger.settled(events)).recording).toEqual({
        purpose,
        startedAt: recording.occurredAt,
        durationMs: 4_200,
      });
    },
  );

  test('says what is committed, and keeps only the last entry of a read stream', async () => {
    await ledger.startWriter();
    const events = callEvents({ tenantID: ledger.tenant.tenantID });
    await append(ledger.redis, events);
    await ledger.settled(events);
    const shard = shardOf(ledger.tenant.tenantID);
    const last = await ledger.redis.xrevrange(ledgerKeys.stream(shard), '+', '-', 'COUNT', 1);
    await until(async () =>
      (await ledger.redis.get(ledgerKeys.committed(shard))) === last[0]?.[0] ? true : undefined,
    );
    expect(await ledger.redis.xlen(ledgerKeys.stream(shard))).toBe(1);
  });

  test('events in any order, each several times, count once', async () => {
    await ledger.startWriter();
    const events = callEvents({ tenantID: ledger.tenant.tenantID, seconds: 61 });
    const before = await ledger.rejectCount();
    for (let round = 0; round < 3; round += 1) {
      await append(
        ledger.redis,
        [...events, ...events].sort(() => Math.random() - 0.5),
      );
      await ledger.drained();
    }
    await ledger.settled(events);
    expect(await ledger.rejectCount()).toBe(before);
    expect(await ledger.usage()).toMatchObject({ call_count: 1, call_seconds: 61 });
  });

  test('a higher revision replaces by the difference, a lower one changes nothing', async () => {
    await ledger.startWriter();
    const callID = randomUUID();
    const settle = (revision: number, seconds: number) =>
      callEvents({ tenantID: ledger.tenant.tenantID, callID, revision, seconds }).filter(
        (event) => event.kind === 'usage',
      );
    for (const event of [settle(0, 75), settle(2, 130), settle(1, 500)]) {
      await append(ledger.redis, event);
      await ledger.drained();
    }
    expect(await ledger.usage()).toMatchObject({ call_count: 1, call_seconds: 130, call_minutes: 3 });
  });

  test('a correction may move a call to another month', async () => {
    await ledger.startWriter();
    const callID = randomUUID();
    const lastMonth = new Date();
    lastMonth.setUTCDate(0);
    const only = (answeredAt: Date, revision: number) =>
      callEvents({ tenantID: ledger.tenant.tenantID, callID, revision, answeredAt }).filter(
        (event) => event.kind === 'usage',
      );
    await append(ledger.redis, only(new Date(), 0));
    await ledger.drained();
    await append(ledger.redis, only(lastMonth, 1));
    await ledger.drained();
    expect(await ledger.usage()).toMatchObject({ call_count: 0, call_seconds: 0 });
    const rows = await ledger.database.worker.query(
      `SELECT month, quantity FROM usage_counters WHERE tenant_id = $1 AND metric = 'call_seconds' ORDER BY month`,
      [ledger.tenant.tenantID],
    );
    expect(rows).toEqual([
      { month: lastMonth.toISOString().slice(0, 7), quantity: '75' },
      { month: new Date().toISOString().slice(0, 7), quantity: '0' },
    ]);
  });

  test('a month that the runtime had to begin anew gets the figures of Postgres, with what was counted since', async () => {
    await ledger.startWriter();
    const { tenantID } = ledger.tenant;
    const month = new Date().toISOString().slice(0, 7);
    const counters = counterKeys.counters(tenantID, month);
    const unseeded = counterKeys.unseeded(shardOf(tenantID));
    await append(ledger.redis, callEvents({ tenantID, seconds: 75 }));
    await ledger.drained();
    // Redis was emptied, and one more call was settled since.
    await ledger.redis.hset(counters, { since: '1', calls: '1', callSeconds: '5' });
    await append(ledger.redis, callEvents({ tenantID, seconds: 5 }));
    await ledger.redis.sadd(unseeded, `${tenantID}/${month}`);
    await until(async () => ((await ledger.redis.hget(counters, 'seeded')) ? true : undefined));
    expect(await ledger.redis.hgetall(counters)).toMatchObject({ calls: '2', callSeconds: '80', since: '1' });
    expect(await ledger.redis.scard(unseeded)).toBe(0);
  });

  test('what cannot be taken in is set aside with its reason and blocks nothing', async () => {
    const registry = createRegistry('test');
    await ledger.startWriter(registry);
    const stream = ledgerKeys.stream(shardOf(ledger.tenant.tenantID));
    const events = callEvents({ tenantID: ledger.tenant.tenantID });
    const turn = events.find((event) => event.kind === 'turn');
    const before = await ledger.rejectCount();
    await ledger.redis.xadd(stream, '*', 'event', '{not json');
    await ledger.redis.xadd(stream, '*', 'other', 'field');
    await ledger.redis.xadd(stream, '*', 'event', JSON.stringify({ ...turn, id: 'another/id' }));
    await ledger.redis.xadd(ledgerKeys.stream(otherShard()), '*', 'event', JSON.stringify(turn));
    await ledger.redis.xadd(
      stream,
      '*',
      'event',
      JSON.stringify({ ...turn, text: 'what Postgres \0 refuses' }),
    );
    await append(ledger.redis, events);
    await append(
      ledger.redis,
      events.slice(2, 3).map((event) => ({ ...event, text: 'other words' }) as LedgerEvent),
    );
    await ledger.settled(events);
    await ledger.drained();
    const rejects = await ledger.database.worker.query<{ reason: string }>(
      'SELECT reason FROM ledger_rejects ORDER BY rejected_at DESC, reason LIMIT 6',
    );
    expect(await ledger.rejectCount()).toBe(before + 6);
    expect(rejects.map((row) => row.reason).sort()).toEqual([
      'Contradiction',
      'NotAnEvent',
      'NotAnEvent',
      'Refused',
      'WrongID',
      'WrongShard',
    ]);
    const metric = await registry.getSingleMetricAsString('veralux_ledger_rejects_total');
    expect(metric).toContain('{reason="Contradiction",program="test"} 1');
  });

  test('a tenant that only the ledger has spoken of is kept for when its resource is seen', async () => {
    await ledger.startWriter();
    const tenantID = randomUUID();
    await append(ledger.redis, callEvents({ tenantID }));
    await ledger.drained();
    const rows = await ledger.database.worker.query('SELECT source, name FROM tenants WHERE tenant_id = $1', [
      tenantID,
    ]);
    expect(rows).toEqual([{ source: 'Ledger', name: null }]);
  });

  function otherShard(): string {
    return shardOf(ledger.tenant.tenantID) === 's00' ? 's01' : 's00';
  }
});
