import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { erasureKeys, ledgerKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS, shardOf } from '#crds/projection/shard.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { isAccepted, parseEntry } from '../ledger/stream-entry.ts';
import { append, type CallScript, callEvents } from '../testing/ledger-events.ts';
import { copyDatabase, createMigratedDatabase } from '../testing/test-database.ts';
import { TestLedger } from '../testing/test-ledger.ts';
import { until } from '../testing/until.ts';
import { eraseCaller } from './erase-caller.ts';
import { listErasures, OtherErasureKey, replayErasures } from './erasure-list.ts';
import { TellRuntimes } from './tell-runtimes.ts';

/** How many turns an event is: none, or one. */
const turnsIn = ({ kind }: LedgerEvent) => (kind === 'turn' ? 1 : 0);

describe('a caller who is erased', () => {
  let ledger: TestLedger;
  beforeAll(async () => {
    ledger = await TestLedger.start();
    await ledger.startWriter();
  });
  afterAll(() => ledger.stop());
  // A caller of each test's own, so that nothing of another test is taken for it.
  let number: string;
  let name: string;
  beforeEach(async () => {
    await ledger.newTenant();
    number = `+1312555${1_000 + randomInt(9_000)}`;
    name = `Smith${randomUUID().replaceAll(/[\d-]/g, '')}`;
  });

  const ask = (method: string, path: string, body?: unknown) =>
    ledger.api.call(method, `/api/admin/${path}`, {
      token: ledger.tenant.token,
      ...(body === undefined ? {} : { body }),
    });
  const script = () => ({ tenantID: ledger.tenant.tenantID, answeredAt: new Date(Date.now() - 60_000) });
  const callOf = (options: CallScript = script()): LedgerEvent[] =>
    JSON.parse(
      JSON.stringify(callEvents(options))
        .replaceAll('+13125550142', number)
        .replaceAll(/smith|May I have/gi, name),
    );
  const calledFrom = (from: string, options?: CallScript): LedgerEvent[] =>
    callOf(options).map((event) => (event.kind === 'started' ? { ...event, from } : event));

  async function erase(erased = number): Promise<string> {
    const reply = await ask('POST', 'erasures', { number: erased });
    expect(reply.status).toBe(202);
    const { tenantID } = ledger.tenant;
    const job = { tenantID, erasureID: reply.body.id };
    await eraseCaller({ database: ledger.database.worker, log: silentLogger })(job);
    return reply.body.id;
  }

  /** Every row of the database, of whatever tenant or none, as text. */
  async function everything(database = ledger.database): Promise<string> {
    const tables = await database.asAdmin<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
        WHERE table_schema IN ('veralux', 'pgboss') AND table_type = 'BASE TABLE'`,
    );
    const texts: string[] = [];
    for (const table of tables) {
      const rows = await database.asAdmin<{ row: string }>(`SELECT t::text AS row FROM ${table.name} t`);
      texts.push(...rows.map(({ row }) => row));
    }
    return texts.join('\n');
  }

  /** What there is of the caller: the number, what was said, and what either is the digest of. */
  function tracesOf(events: readonly LedgerEvent[]): readonly string[] {
    const personal = events.filter(({ kind }) => ['started', 'turn', 'lead', 'recording'].includes(kind));
    const entries = personal.map((event) =>
      parseEntry({ shard: shardOf(event.tenantID), streamID: '1-0', text: JSON.stringify(event) }),
    );
    return [number.slice(2), name, ...entries.filter(isAccepted).map((it) => it.digest)];
  }

  async function isGone(events: readonly LedgerEvent[] = [], database = ledger.database): Promise<void> {
    const text = await everything(database);
    for (const trace of tracesOf(events)) expect(text).not.toContain(trace);
  }

  test('is nowhere any more, and what the call used stays', async () => {
    const events = callOf();
    await append(ledger.redis, events);
    const before = await ledger.settled(events);
    const usage = await ledger.usage();
    expect(before).toMatchObject({ from: number, lead: { complete: true } });
    const text = await everything();
    for (const trace of tracesOf(events)) expect(text).toContain(trace);
    const id = await erase();
    await isGone(events);
    const after = await ledger.settled(events);
    expect(after).toMatchObject({
      from: null,
      carrierCallID: null,
      transcript: [],
      lead: null,
      recording: null,
    });
    expect([after.usage, after.startedAt, after.hangupReason]).toEqual([
      before.usage,
      before.startedAt,
      before.hangupReason,
    ]);
    expect(await ledger.usage()).toEqual(usage);
    const { body } = await ask('GET', `erasures/${id}`);
    expect(body.completedAt).not.toBeNull();
    expect((await ask('GET', 'erasures')).body.items).toEqual([body]);
  });

  test.each<[string, (events: LedgerEvent[]) => LedgerEvent[]]>([
    ['from its first event', (events) => events],
    ['whose beginning is told last', ([started, ...rest]) => [...rest, started as LedgerEvent]],
    ['whose words are told before its beginning', (events) => events.toReversed()],
    ['whose turns are told last', (events) => events.toSorted((a, b) => turnsIn(a) - turnsIn(b))],
  ])('is not there of a call that the ledger tells of later, %s', async (_what, order) => {
    await erase();
    const events = order(callOf());
    for (const event of events) {
      await append(ledger.redis, [event]);
      await ledger.drained();
    }
    expect(await ledger.settled(events)).toMatchObject({ from: null, transcript: [], lead: null });
    await isGone(events);
  });

  test('is not brought back by what comes of a call afterwards', async () => {
    const [started, answered, ...rest] = callOf() as [LedgerEvent, LedgerEvent, ...LedgerEvent[]];
    await append(ledger.redis, [started, answered]);
    await ledger.drained();
    await erase();
    const recording = {
      schemaVersion: 1,
      id: `${started.callID}/recording`,
      kind: 'recording',
      purpose: 'Call',
      tenantID: started.tenantID,
      callID: started.callID,
      occurredAt: started.occurredAt,
      durationMs: 1_000,
      carrierLegID: 'leg-1',
    } as LedgerEvent;
    await append(ledger.redis, [...rest, recording]);
    await ledger.drained();
    const { database, redis } = ledger;
    const registry = createRegistry('test');
    const telling = new TellRuntimes({
      database: database.worker,
      redis,
      registry,
      clock: systemClock,
      log: silentLogger,
    });
    const age = async () =>
      (await registry.getSingleMetric('veralux_erased_recordings_age_seconds')?.get())?.values[0]?.value;
    const named = () => redis.smembers(erasureKeys.recordings('veralux-system/shared'));
    await telling.tell();
    expect(await named()).toEqual(['leg-1']);
    // Redis loses it before a runtime has deleted it: it is named once more after an hour, however old it is by then.
    await redis.del(erasureKeys.recordings('veralux-system/shared'));
    await telling.tell();
    expect(await named()).toEqual([]);
    await database.asAdmin(
      `UPDATE veralux.erased_recordings SET told_at = now() - interval '61 minutes', erased_at = now() - interval '49 hours'`,
    );
    await telling.tell();
    expect(await named()).toEqual(['leg-1']);
    expect(await age()).toBeGreaterThan(48 * 60 * 60);
    const [due, gone] = [erasureKeys.recordings, erasureKeys.gone].map((key) => key('veralux-system/shared'));
    await redis.smove(due ?? '', gone ?? '', 'leg-1');
    await telling.tell();
    expect([await named(), await redis.scard(gone ?? '')]).toEqual([[], 0]);
    expect(await database.asAdmin('SELECT FROM veralux.erased_recordings')).toEqual([]);
    await telling.tell();
    expect(await age()).toBe(0);
    expect(await ledger.settled(rest)).toMatchObject({ transcript: [], lead: null, recording: null });
    await isGone([started, ...rest, recording]);
  });

  test('goes from what other callers said, however it was written', async () => {
    const last = number.slice(-4);
    const said = [
      `Ring (312) 555-${last} please`,
      `or +1 312.555.${last}`,
      `three, 312, 555, ${last}`,
      `or 312\u2011555\u2013${last}`,
      `or 312\u00a0555\u200b\u2014${last.slice(0, 2)}_${last.slice(2)}`,
    ];
    const kept = [`not 312 555 0${last.slice(1)}`, 'nor 1'];
    const options = { ...script(), callID: randomUUID(), turns: 7 };
    const events = calledFrom('+13125550199', options).map((event): LedgerEvent => {
      if (event.kind === 'turn') return { ...event, text: [...said, ...kept][event.index] ?? '' };
      if (event.kind !== 'lead') return event;
      return {
        ...event,
        fields: [
          { name: 'phone', label: 'Phone', value: number, spoken: 'three one two' },
          { name: 'name', label: 'Name', value: 'Ada', spoken: 'ada' },
        ],
      };
    });
    await append(ledger.redis, events);
    await ledger.settled(events);
    await erase();
    const call = await ledger.settled(events);
    expect(call.from).toBe('+13125550199');
    expect(call.transcript.map(({ text }: { text: string }) => text)).toEqual([
      ...said.map(() => '[erased]'),
      ...kept,
    ]);
    expect(call.lead.fields).toEqual([
      { name: 'phone', label: 'Phone', value: '[erased]', spoken: '[erased]' },
      { name: 'name', label: 'Name', value: 'Ada', spoken: 'ada' },
    ]);
    expect(await everything()).not.toMatch(new RegExp(`312.{0,2}555.{0,2}${last}`));
    const erased = events.filter(
      (event) => event.kind === 'lead' || (event.kind === 'turn' && event.index < said.length),
    );
    await isGone(erased);
  });

  test('may call again, and is a new caller then', async () => {
    await erase();
    const events = callOf({ ...script(), answeredAt: new Date(Date.now() + 60_000) });
    await append(ledger.redis, events);
    expect(await ledger.settled(events)).toMatchObject({ from: number, lead: { complete: true } });
  });

  test.each<[string, (digits: string) => string, boolean]>([
    ['with a plus', (digits) => `+1${digits}`, true],
    ['without a plus', (digits) => `1${digits}`, true],
    ['within the country', (digits) => digits, true],
    ['as it is dialled from abroad', (digits) => `001${digits}`, true],
    ['as a SIP address', (digits) => `sip:+1${digits}@carrier.example`, true],
    ['as a SIP address with a name', (digits) => `"Ada" <sips:${digits};ext=5@carrier.example>`, true],
    ['set apart', (digits) => `tel:+1-${digits.slice(0, 3)}-${digits.slice(3)}`, true],
    ['of another country that holds it', (digits) => `+3${digits}`, false],
    ['of another country that is it', (digits) => `+${digits}`, false],
    ['at a SIP host that is it', (digits) => `sip:desk@${digits}`, false],
    ['in the name of a desk', (digits) => `sip:desk${digits}@carrier.example`, false],
    ['that is longer', (digits) => `+1${digits}7`, false],
  ])('is known by the whole number: %s', async (_how, fromOf, isErased) => {
    const from = fromOf(number.slice(2));
    const events = calledFrom(from);
    await append(ledger.redis, events);
    await ledger.settled(events);
    await erase();
    const later = calledFrom(from);
    await append(ledger.redis, later);
    for (const call of [await ledger.settled(events), await ledger.settled(later)]) {
      expect(call.from).toBe(isErased ? null : from);
      expect(call.transcript).toHaveLength(isErased ? 0 : 2);
    }
  });

  test('is nobody whose number from France only holds the digits', async () => {
    const events = calledFrom('+33125550142');
    await append(ledger.redis, events);
    await ledger.settled(events);
    await erase('+13125550142');
    expect(await ledger.settled(events)).toMatchObject({ from: '+33125550142', lead: { complete: true } });
  });

  test('is erased in one tenant and not in another', async () => {
    const events = callOf();
    await append(ledger.redis, events);
    await ledger.settled(events);
    const { tenant } = ledger;
    await ledger.newTenant();
    await erase();
    ledger.tenant = tenant;
    expect((await ledger.settled(events)).from).toBe(number);
  });

  test('goes from the entries that were set aside, also from later ones', async () => {
    const events = callOf();
    const saying = (text: string) =>
      events.map((event): LedgerEvent => (event.kind === 'turn' ? { ...event, text } : event));
    await append(ledger.redis, [...events, ...saying(`${name} said otherwise`)]);
    await ledger.drained();
    expect(await everything()).toContain(`${name} said otherwise`);
    await erase();
    await isGone();
    // An entry of another shard than its tenant's is set aside, whatever it says.
    const [turn] = saying(`Again ${name}`).filter(({ kind }) => kind === 'turn');
    const rejects = await ledger.rejectCount();
    const elsewhere = ALL_SHARDS.find((shard) => shard !== shardOf(ledger.tenant.tenantID)) ?? '';
    await ledger.redis.xadd(ledgerKeys.stream(elsewhere), '*', 'event', JSON.stringify(turn));
    await ledger.drained();
    expect(await ledger.rejectCount()).toBe(rejects + 1);
    await isGone();
  });

  test('holds nothing up where an entry that is set aside has ids that are none', async () => {
    const rejects = await ledger.rejectCount();
    const id = '-'.repeat(36);
    const stream = ledgerKeys.stream(shardOf(ledger.tenant.tenantID));
    await erase();
    for (const tenantID of [ledger.tenant.tenantID, id, 'f'.repeat(36)]) {
      await ledger.redis.xadd(stream, '*', 'event', JSON.stringify({ tenantID, callID: id, text: number }));
    }
    const events = callOf({ ...script(), answeredAt: new Date(Date.now() + 60_000) });
    await append(ledger.redis, events);
    await ledger.settled(events);
    expect(await ledger.rejectCount()).toBe(rejects + 3);
  });

  test('is erased again after a restore of what was there before', async () => {
    const events = callOf();
    await append(ledger.redis, events);
    await ledger.settled(events);
    const restored = await copyDatabase(ledger.database);
    await erase();
    const list = await listErasures(ledger.database.worker);
    for (const trace of tracesOf(events)) expect(list).not.toContain(trace);
    expect(await everything(restored)).toContain(number);
    expect(await replayErasures(restored.worker, list)).toBeGreaterThan(0);
    await isGone(events, restored);
    // And again: what holds already is no harm.
    await replayErasures(restored.worker, list);
    await restored.drop();
  });

  test('is not said to be erased again where the list is of a database with another key', async () => {
    await erase();
    const list = await listErasures(ledger.database.worker);
    const other = await createMigratedDatabase();
    const replay = replayErasures(other.worker, list);
    await expect(replay).rejects.toThrow(OtherErasureKey);
    await expect(replay).rejects.toThrow('line 1 ');
    await other.drop();
  });

  test('leaves its number in no record of the request', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { token } = ledger.tenant;
    const request = { token, headers, body: { number } };
    const first = await ledger.api.call('POST', '/api/admin/erasures', request);
    const second = await ledger.api.call('POST', '/api/admin/erasures', request);
    expect(second.body).toEqual(first.body);
    await isGone();
    const audit = await ask('GET', 'audit?resource=Erasure');
    expect(audit.body.items).toMatchObject([{ action: 'Created', operation: 'eraseCaller' }]);
  });

  test.each(['3125550142', 'anonymous', '+0', '+1312555014212345'])('is not known by %j', async (wrong) => {
    const reply = await ask('POST', 'erasures', { number: wrong });
    expect([reply.status, reply.body.errors[0].path]).toEqual([400, 'body.number']);
  });

  test('is erased by the job that the request leaves', async () => {
    const events = callOf();
    await append(ledger.redis, events);
    await ledger.settled(events);
    const { id } = (await ask('POST', 'erasures', { number })).body;
    const [job] = await until(async () => {
      const rows = await ledger.database.asAdmin<{ data: object }>(
        `SELECT data FROM pgboss.job WHERE name = 'erase-caller' AND data ->> 'erasureID' = $1`,
        [id],
      );
      return rows.length > 0 ? rows : undefined;
    });
    expect(job?.data).toEqual({ tenantID: ledger.tenant.tenantID, erasureID: id });
  });
});
