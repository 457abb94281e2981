import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { effectiveLimits } from '#crds/plans/plans.ts';
import { NOTIFY_AGAIN_BY_WEBHOOK } from '../jobs/job-queues.ts';
import { callEvents } from '../testing/ledger-events.ts';
import { TestNotifications, WEBHOOK_URL } from '../testing/test-notifications.ts';
import { until } from '../testing/until.ts';

const PATIENCE = { timeout: 20_000 };
const BOTH = { webhookURL: WEBHOOK_URL, emails: ['office@example.com'] };

describe('notifications', () => {
  let told: TestNotifications;
  beforeAll(async () => {
    told = await TestNotifications.start();
  });
  afterAll(() => told.stop());
  beforeEach(() => {
    told.answer = undefined;
  });

  type Tenant = Awaited<ReturnType<TestNotifications['tenant']>>;

  const settled = (tenant: Tenant, count: number) =>
    until(async () => {
      const deliveries = await told.deliveries(tenant);
      return deliveries.length >= count && deliveries.every(({ state }) => state !== 'Pending')
        ? deliveries
        : undefined;
    });
  const typesOf = (tenant: Tenant) =>
    told
      .posted(tenant)
      .map(({ payload }) => payload.type)
      .toSorted();
  const ofKinds = (events: readonly LedgerEvent[], ...kinds: LedgerEvent['kind'][]) =>
    events.filter(({ kind }) => kinds.includes(kind));
  const mailsTo = (address: string) => told.mailbox.mails.filter(({ to }) => to === address);

  test('a lead and the end of its call are told once, however often the ledger repeats and corrects them', async () => {
    const office = `${randomUUID()}@example.com`;
    const tenant = await told.tenant({ ...BOTH, emails: [office] });
    const callID = randomUUID();
    const events = callEvents({ tenantID: tenant.tenantID, callID });
    await told.write(events);
    await told.write(events);
    await settled(tenant, 3);
    await told.write(callEvents({ tenantID: tenant.tenantID, callID, revision: 1, seconds: 80 }));
    await told.write([
      ...events,
      ...callEvents({ tenantID: tenant.tenantID, callID, revision: 2, seconds: 90 }),
    ]);
    expect(await settled(tenant, 3)).toHaveLength(3);
    expect(typesOf(tenant)).toEqual(['call.ended', 'lead.captured']);
    expect(mailsTo(office).map(({ text }) => text)).toEqual([expect.stringContaining('Name: John Smith')]);
  });

  test('a webhook says what the API says, and is signed by the secret that was shown', async () => {
    const tenant = await told.tenant(BOTH);
    const made = await told.api.call('POST', '/api/admin/notifications/secrets', {
      token: tenant.token,
      body: {},
    });
    expect(made.body.secret).toMatch(/^whsec_/);
    const events = callEvents({ tenantID: tenant.tenantID });
    await told.write(events);
    await settled(tenant, 3);
    const lead = told.posted(tenant).find(({ payload }) => payload.type === 'lead.captured');
    const headers = lead?.headers as Record<string, string>;
    const verified = new Webhook(made.body.secret).verify(lead?.body ?? '', headers);
    const path = `/api/admin/calls/${events[0]?.callID}`;
    const { body: call } = await told.api.call('GET', path, { token: tenant.token });
    expect(verified).toMatchObject({
      type: 'lead.captured',
      timestamp: call.lead.capturedAt,
      data: {
        lead: call.lead,
        call: { id: call.id, from: '+13125550142', hangupReason: 'WorkflowCompleted' },
      },
    });
    expect(() => new Webhook(made.body.secret).verify(`${lead?.body} `, headers)).toThrow(
      'No matching signature',
    );
  });

  test('a lead that is not complete is told when its call is over', async () => {
    const tenant = await told.tenant({ ...BOTH, webhookEvents: ['LeadCaptured'], emails: [] });
    const events = callEvents({ tenantID: tenant.tenantID }).map((event) =>
      event.kind === 'lead' ? { ...event, complete: false } : event,
    );
    await told.write(ofKinds(events, 'started', 'lead'));
    expect(await told.deliveries(tenant)).toEqual([]);
    await told.write(ofKinds(events, 'ended'));
    await settled(tenant, 1);
    expect(typesOf(tenant)).toEqual(['lead.captured']);
  });

  test('a lead without an answer is none, and a recorded message is told', async () => {
    const tenant = await told.tenant({ ...BOTH, emails: [], webhookEvents: ['LeadCaptured', 'MessageLeft'] });
    const events = callEvents({ tenantID: tenant.tenantID }).map((event) =>
      event.kind === 'lead' ? { ...event, fields: [] } : event,
    );
    const [start] = events;
    const message = {
      ...start,
      id: `${start?.callID}/recording`,
      kind: 'recording',
      purpose: 'Voicemail',
      durationMs: 12_000,
      carrierLegID: 'leg',
    } as LedgerEvent;
    const whole = { ...message, callID: randomUUID(), purpose: 'Call' } as LedgerEvent;
    await told.write([...events, message, { ...whole, id: `${whole.callID}/recording` }]);
    await settled(tenant, 1);
    expect(told.posted(tenant).map(({ payload }) => payload)).toMatchObject([
      { type: 'message.left', data: { message: { durationMs: 12_000 } } },
    ]);
  });

  test('a limit is told of when it is near and when it is reached, once each in a month, and anew when it is raised', async () => {
    const tenant = await told.tenant(
      { ...BOTH, emails: [], webhookEvents: ['LimitNear', 'LimitReached'] },
      { callsPerMonth: 5 },
    );
    const { tenantID } = tenant;
    const call = () => told.write(ofKinds(callEvents({ tenantID, seconds: 1 }), 'usage'));
    const steps: string[][] = [];
    for (let calls = 1; calls <= 7; calls += 1) {
      await call();
      steps.push((await told.deliveries(tenant)).map(({ event }) => event));
    }
    expect(steps).toEqual([[], [], [], ['LimitNear'], ...[5, 6, 7].map(() => ['LimitNear', 'LimitReached'])]);
    const lastYear = callEvents({ tenantID, answeredAt: new Date(Date.now() - 400 * 86_400_000) });
    await told.write(ofKinds(lastYear, 'usage'));
    expect(await told.deliveries(tenant)).toHaveLength(2);
    // A plan of seven calls, of which all are used: noted as the resource is observed, without a further call.
    const limits = JSON.stringify(effectiveLimits({ plan: 'Free', limits: { callsPerMonth: 7 } }));
    await told.database.worker.query('UPDATE tenants SET limits = $2 WHERE tenant_id = $1', [
      tenantID,
      limits,
    ]);
    await told.database.worker.transaction((client) => told.outbox.noteLimits(client, [tenantID]));
    told.outbox.wake();
    await settled(tenant, 3);
    const [near, reached, raised] = told.posted(tenant).map(({ payload }) => payload);
    const month = new Date().toISOString().slice(0, 7);
    expect(near).toMatchObject({
      type: 'limit.near',
      data: { usage: { limit: 'callsPerMonth', allowed: 5, month } },
    });
    expect(reached).toMatchObject({ type: 'limit.reached', data: { usage: { allowed: 5 } } });
    expect(raised).toMatchObject({ type: 'limit.reached', data: { usage: { allowed: 7, used: 7 } } });
  });

  test('after a restore of the database what is told again has the id that its receiver knows', async () => {
    const tenant = await told.tenant({ ...BOTH, emails: [], webhookEvents: ['CallEnded'] });
    const events = callEvents({ tenantID: tenant.tenantID });
    await told.write(events);
    await settled(tenant, 1);
    const [before] = await told.deliveries(tenant);
    for (const table of ['notifications', 'ledger_events']) {
      await told.database.asAdmin(`DELETE FROM veralux.${table} WHERE tenant_id = $1`, [tenant.tenantID]);
    }
    await told.write(events);
    await settled(tenant, 1);
    const [after] = await told.deliveries(tenant);
    expect(after?.id).toBe(before?.id);
    const ids = told.posted(tenant).map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  test('nobody is told of anything who did not ask for it', async () => {
    const [silent, choosy] = [
      await told.tenant(null),
      await told.tenant({
        emails: ['choosy@example.com'],
        emailEvents: [],
        webhookURL: WEBHOOK_URL,
        webhookEvents: [],
      }),
    ];
    for (const { tenantID } of [silent, choosy]) await told.write(callEvents({ tenantID }));
    for (const tenant of [silent, choosy]) expect(await told.deliveries(tenant)).toEqual([]);
    expect(mailsTo('choosy@example.com')).toEqual([]);
  });

  test('what fails is sent again under the same id, and what was said meanwhile is in it', async () => {
    const tenant = await told.tenant({ ...BOTH, emails: [], webhookEvents: ['LeadCaptured'] });
    told.answer = (response) => void response.writeHead(503).end();
    const callID = randomUUID();
    await told.write(callEvents({ tenantID: tenant.tenantID, callID }));
    await expect.poll(() => told.posted(tenant).length, PATIENCE).toBe(1);
    const failing = await told.deliveries(tenant);
    await expect
      .poll(() => told.deliveries(tenant), PATIENCE)
      .toMatchObject([{ state: 'Pending', attempts: 1, responseStatus: 503, error: 'bad_answer' }]);
    expect(failing).toHaveLength(1);
    const corrected = callEvents({ tenantID: tenant.tenantID, callID, revision: 1 }).map((event) =>
      event.kind === 'lead'
        ? { ...event, fields: [{ name: 'name', label: 'Name', value: 'Joan Smith', spoken: 'joan smith' }] }
        : event,
    );
    await told.write(corrected);
    told.answer = undefined;
    await until(async () => {
      await told.hurry();
      return (await told.deliveries(tenant)).every(({ state }) => state === 'Delivered') ? true : undefined;
    });
    const [first, second] = told.posted(tenant);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(JSON.stringify(second?.payload)).toContain('Joan Smith');
  });

  test('a receiver that is away is asked once, for all that waits for it', async () => {
    const tenant = await told.tenant({ ...BOTH, emails: [], webhookEvents: ['CallEnded'] });
    told.answer = (response) => void response.destroy();
    for (let call = 0; call < 5; call += 1) await told.write(callEvents({ tenantID: tenant.tenantID }));
    const waiting = () =>
      told.database.asAdmin(
        `SELECT FROM pgboss.job WHERE group_id = $1 AND name = $2 AND state IN ('created', 'retry')`,
        [tenant.tenantID, NOTIFY_AGAIN_BY_WEBHOOK],
      );
    await until(async () => ((await waiting()).length === 5 ? true : undefined));
    expect(told.posted(tenant)).toHaveLength(1);
    expect((await told.deliveries(tenant)).map(({ error }) => error).filter(Boolean)).toHaveLength(1);
  });

  test('a receiver that does not answer delays nobody else', async () => {
    const dead = await told.tenant({ webhookURL: `${WEBHOOK_URL}/dead`, webhookEvents: ['CallEnded'] });
    const alive = await told.tenant({ webhookURL: WEBHOOK_URL, webhookEvents: ['CallEnded'] });
    told.answer = (response) => {
      if (response.req.url !== '/hook/dead') response.writeHead(200).end();
    };
    for (let call = 0; call < 30; call += 1) await told.write(callEvents({ tenantID: dead.tenantID }));
    await expect.poll(() => told.posted(dead).length, PATIENCE).toBe(1);
    for (let call = 0; call < 5; call += 1) await told.write(callEvents({ tenantID: alive.tenantID }));
    // The one that hangs has ten seconds: by then the others are through.
    await expect.poll(() => told.posted(alive).length, { timeout: 9_000 }).toBe(5);
    expect(told.posted(dead)).toHaveLength(1);
  });

  test('what could not be delivered in a day is dead, is listed, and is sent again when somebody asks', async () => {
    const tenant = await told.tenant({ ...BOTH, emails: [], webhookEvents: ['CallEnded', 'LeadCaptured'] });
    told.answer = (response) => void response.writeHead(500).end();
    await told.write(ofKinds(callEvents({ tenantID: tenant.tenantID }), 'started', 'ended'));
    await told.database.worker.query(
      'UPDATE notification_deliveries SET give_up_at = now() WHERE tenant_id = $1',
      [tenant.tenantID],
    );
    const [dead] = await until(async () => {
      await told.hurry();
      const rows = await told.deliveries(tenant, '&state=Dead');
      return rows.length > 0 ? rows : undefined;
    });
    expect(dead).toMatchObject({
      event: 'CallEnded',
      error: expect.stringMatching(/bad_answer|receiver_away/),
    });
    told.answer = undefined;
    const resend = () =>
      told.api.call('POST', `/api/admin/notifications/deliveries/${dead?.id}/resend`, {
        token: tenant.token,
      });
    const reply = await resend();
    expect(reply).toMatchObject({ status: 202, body: { state: 'Pending' } });
    expect(reply.headers.get('location')).toBe(`/api/admin/notifications/deliveries/${dead?.id}`);
    expect(await settled(tenant, 1)).toMatchObject([{ state: 'Delivered', responseStatus: 200 }]);
    expect(await told.deliveries(tenant, '&state=Dead')).toEqual([]);
    const ids = new Set(told.posted(tenant).map(({ headers }) => headers['webhook-id']));
    expect(ids.size).toBe(1);
    // Delivered ones, too: a receiver may have lost it. One that is under way is not sent twice.
    told.answer = (response) => void response.writeHead(503).end();
    expect((await resend()).status).toBe(202);
    expect((await resend()).body.code).toBe('delivery_pending');
  });

  test.each<[string, object, string]>([
    ['a receiver whose address is not public', { webhookURL: 'https://10.0.0.1/hook' }, 'address_not_public'],
    ['a receiver that was taken away meanwhile', { webhookURL: WEBHOOK_URL }, 'no_receiver'],
  ])('a webhook to %s is dead at once', async (what, notifications, error) => {
    const tenant = await told.tenant(notifications);
    const waits = what.includes('taken away');
    if (waits) told.answer = (response) => void response.writeHead(503).end();
    await told.write(ofKinds(callEvents({ tenantID: tenant.tenantID }), 'started', 'ended'));
    if (waits) {
      await expect.poll(() => told.posted(tenant).length, PATIENCE).toBe(1);
      await told.set(tenant.tenantID, { emails: ['a@example.com'], emailEvents: [] });
      await until(async () => {
        await told.hurry();
        return (await told.deliveries(tenant)).every(({ state }) => state !== 'Pending') ? true : undefined;
      });
    }
    expect(await settled(tenant, 1)).toMatchObject([{ state: 'Dead', error }]);
  });

  test('a mail that the server refuses for good is dead, and one to an address that is not named any more', async () => {
    const tenant = await told.tenant({ emails: ['gone@example.com'], emailEvents: ['CallEnded'] });
    told.mailbox.refuse(550);
    await told.write(ofKinds(callEvents({ tenantID: tenant.tenantID }), 'started', 'ended'));
    expect(await settled(tenant, 1)).toMatchObject([{ channel: 'Email', state: 'Dead', error: 'refused' }]);
    told.mailbox.refuse(undefined);
    await told.set(tenant.tenantID, { emails: ['new@example.com'] });
    const [{ id } = { id: '' }] = await told.deliveries(tenant);
    await told.api.call('POST', `/api/admin/notifications/deliveries/${id}/resend`, { token: tenant.token });
    expect(await settled(tenant, 1)).toMatchObject([{ state: 'Dead', error: 'no_receiver' }]);
    expect(mailsTo('gone@example.com')).toEqual([]);
  });

  test('what was erased before it was told is not told', async () => {
    const tenant = await told.tenant({ ...BOTH, emails: [], webhookEvents: ['LeadCaptured'] });
    told.answer = (response) => void response.writeHead(503).end();
    await told.write(callEvents({ tenantID: tenant.tenantID }));
    await expect.poll(() => told.posted(tenant).length, PATIENCE).toBe(1);
    await told.database.worker.query('DELETE FROM leads WHERE tenant_id = $1', [tenant.tenantID]);
    told.answer = undefined;
    await until(async () => {
      await told.hurry();
      return (await told.deliveries(tenant)).every(({ state }) => state !== 'Pending') ? true : undefined;
    });
    expect(await told.deliveries(tenant)).toMatchObject([{ state: 'Dead', error: 'content_erased' }]);
    expect(told.posted(tenant)).toHaveLength(1);
  });

  test('neither rows nor jobs hold what callers said', async () => {
    const tenant = await told.tenant(BOTH);
    await told.write(callEvents({ tenantID: tenant.tenantID }));
    await settled(tenant, 3);
    const rows = await told.database.asAdmin(
      `SELECT n::text FROM veralux.notifications n WHERE tenant_id = $1
       UNION ALL SELECT d::text FROM veralux.notification_deliveries d WHERE tenant_id = $1
       UNION ALL SELECT j::text FROM pgboss.job j WHERE group_id = $1::text`,
      [tenant.tenantID],
    );
    expect(rows.length).toBeGreaterThan(5);
    expect(JSON.stringify(rows)).not.toMatch(/John|3125550142/i);
  });
});
