import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { erasureKeys } from '#crds/projection/keys.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { append, callEvents } from '../testing/ledger-events.ts';
import { copyDatabase } from '../testing/test-database.ts';
import { TestLedger } from '../testing/test-ledger.ts';
import { until } from '../testing/until.ts';
import { eraseCaller } from './erase-caller.ts';
import { listErasures, replayErasures } from './erasure-list.ts';
import { TellRuntimes } from './tell-runtimes.ts';

/** The caller of `callEvents`. */
const NUMBER = '+13125550142';

describe('a caller who is erased', () => {
  let ledger: TestLedger;
  beforeAll(async () => {
    ledger = await TestLedger.start();
    await ledger.startWriter();
  });
  afterAll(() => ledger.stop());
  beforeEach(() => ledger.newTenant());

  const ask = (method: string, path: string, body?: unknown) =>
    ledger.api.call(method, `/api/admin/${path}`, {
      token: ledger.tenant.token,
      ...(body === undefined ? {} : { body }),
    });
  const script = () => ({ tenantID: ledger.tenant.tenantID, answeredAt: new Date(Date.now() - 60_000) });

  async function erase(number = NUMBER): Promise<string> {
    const reply = await ask('POST', 'erasures', { number });
    expect(reply.status).toBe(202);
    const { tenantID } = ledger.tenant;
    const job = { tenantID, erasureID: reply.body.id };
    await eraseCaller({ database: ledger.database.worker, log: silentLogger })(job);
    return reply.body.id;
  }

  /** Everything that the database holds of the tenant and of its ledger, as text. */
  async function everything(database = ledger.database): Promise<string> {
    const tables = await database.asAdmin<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'veralux' AND table_type = 'BASE TABLE'`,
    );
    const texts = await Promise.all(
      tables.map(({ name }) =>
        database.asAdmin<{ row: string }>(
          `SELECT t::text AS row FROM veralux.${name} t WHERE t::text LIKE '%' || $1 || '%'`,
          [ledger.tenant.tenantID],
        ),
      ),
    );
    return texts.flatMap((rows) => rows.map(({ row }) => row)).join('\n');
  }

  const isGone = (text: string) => {
    for (const trace of ['3125550142', 'John Smith', 'May I have']) expect(text).not.toContain(trace);
  };

  test('is nowhere any more, and what the call used stays', async () => {
    const events = callEvents(script());
    await append(ledger.redis, events);
    const before = await ledger.settled(events);
    const usage = await ledger.usage();
    expect(before).toMatchObject({ from: NUMBER, lead: { complete: true } });
    const id = await erase();
    isGone(await everything());
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
  ])('is not there of a call that the ledger tells of later, %s', async (_what, order) => {
    await erase();
    const events = order(callEvents(script()));
    for (const event of events) {
      await append(ledger.redis, [event]);
      await ledger.drained();
    }
    expect(await ledger.settled(events)).toMatchObject({ from: null, transcript: [], lead: null });
    isGone(await everything());
  });

  test('is not brought back by what comes of a call afterwards', async () => {
    const [started, answered, ...rest] = callEvents(script()) as [LedgerEvent, LedgerEvent, ...LedgerEvent[]];
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
    const telling = new TellRuntimes({
      database: database.worker,
      redis,
      clock: systemClock,
      log: silentLogger,
    });
    const named = () => redis.smembers(erasureKeys.recordings('veralux-system/shared'));
    await telling.tell();
    expect(await named()).toEqual(['leg-1']);
    // Redis lost it; it is named once more after an hour, until the runtime says that it is gone.
    await redis.del(erasureKeys.recordings('veralux-system/shared'));
    await telling.tell();
    expect(await named()).toEqual([]);
    await database.asAdmin(`UPDATE veralux.erased_recordings SET told_at = now() - interval '61 minutes'`);
    await telling.tell();
    expect(await named()).toEqual(['leg-1']);
    const [due, gone] = [erasureKeys.recordings, erasureKeys.gone].map((key) => key('veralux-system/shared'));
    await redis.smove(due ?? '', gone ?? '', 'leg-1');
    await telling.tell();
    expect([await named(), await redis.scard(gone ?? '')]).toEqual([[], 0]);
    expect(await database.asAdmin('SELECT FROM veralux.erased_recordings')).toEqual([]);
    expect(await ledger.settled(rest)).toMatchObject({ transcript: [], lead: null, recording: null });
    isGone(await everything());
  });

  test('goes from what other callers said, however it was written', async () => {
    const { tenantID } = ledger.tenant;
    const said = ['Ring (312) 555-0142 please', 'or +1 312.555.0142', 'not 312 555 0143', 'nor 1'];
    const callID = randomUUID();
    const events = callEvents({ ...script(), callID, turns: 4 }).map((event): LedgerEvent => {
      if (event.kind === 'started') return { ...event, from: '+13125550199' };
      if (event.kind === 'turn') return { ...event, text: said[event.index] ?? '' };
      if (event.kind !== 'lead') return event;
      return {
        ...event,
        fields: [
          { name: 'phone', label: 'Phone', value: '+13125550142', spoken: 'three one two' },
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
      '[erased]',
      '[erased]',
      'not 312 555 0143',
      'nor 1',
    ]);
    expect(call.lead.fields).toEqual([
      { name: 'phone', label: 'Phone', value: '[erased]', spoken: '[erased]' },
      { name: 'name', label: 'Name', value: 'Ada', spoken: 'ada' },
    ]);
    expect(await everything()).not.toMatch(/312.{0,2}555.{0,2}0142/);
    expect(tenantID).toBe(events[0]?.tenantID);
  });

  test('may call again, and is a new caller then', async () => {
    await erase();
    const events = callEvents({ ...script(), answeredAt: new Date(Date.now() + 60_000) });
    await append(ledger.redis, events);
    expect(await ledger.settled(events)).toMatchObject({ from: NUMBER, lead: { complete: true } });
  });

  test('is erased in one tenant and not in another', async () => {
    const events = callEvents(script());
    await append(ledger.redis, events);
    await ledger.settled(events);
    const { tenant } = ledger;
    await ledger.newTenant();
    await erase();
    ledger.tenant = tenant;
    expect((await ledger.settled(events)).from).toBe(NUMBER);
  });

  test('goes from the entries that were set aside, also from later ones', async () => {
    const events = callEvents(script());
    const contradicting = events.map(
      (event): LedgerEvent =>
        event.kind === 'turn' ? { ...event, text: 'John Smith said otherwise' } : event,
    );
    await append(ledger.redis, [...events, ...contradicting]);
    await ledger.drained();
    expect(await everything()).toContain('said otherwise');
    await erase();
    isGone(await everything());
    await append(
      ledger.redis,
      contradicting.map((event) => (event.kind === 'turn' ? { ...event, text: 'Again John Smith' } : event)),
    );
    await ledger.drained();
    isGone(await everything());
  });

  test('is erased again after a restore of what was there before', async () => {
    const events = callEvents(script());
    await append(ledger.redis, events);
    await ledger.settled(events);
    const restored = await copyDatabase(ledger.database);
    await erase();
    const list = await listErasures(ledger.database.worker);
    isGone(list);
    expect(await everything(restored)).toContain('3125550142');
    expect(await replayErasures(restored.worker, list)).toBeGreaterThan(0);
    isGone(await everything(restored));
    // And again: what holds already is no harm.
    await replayErasures(restored.worker, list);
    await restored.drop();
  });

  test('leaves its number in no record of the request', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const { token } = ledger.tenant;
    const request = { token, headers, body: { number: NUMBER } };
    const first = await ledger.api.call('POST', '/api/admin/erasures', request);
    const second = await ledger.api.call('POST', '/api/admin/erasures', request);
    expect(second.body).toEqual(first.body);
    expect(await everything()).not.toContain('3125550142');
    const jobs = await ledger.database.asAdmin('SELECT data::text FROM pgboss.job');
    expect(JSON.stringify(jobs)).not.toContain('3125550142');
    const audit = await ask('GET', 'audit?resource=Erasure');
    expect(audit.body.items).toMatchObject([{ action: 'Created', operation: 'eraseCaller' }]);
  });

  test.each(['3125550142', 'anonymous', '+0', '+1312555014212345'])('is not known by %j', async (number) => {
    const reply = await ask('POST', 'erasures', { number });
    expect([reply.status, reply.body.errors[0].path]).toEqual([400, 'body.number']);
  });

  test('is erased by the job that the request leaves', async () => {
    const events = callEvents(script());
    await append(ledger.redis, events);
    await ledger.settled(events);
    const { id } = (await ask('POST', 'erasures', { number: NUMBER })).body;
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
