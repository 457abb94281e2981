import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEND_MAIL } from '../jobs/job-queues.ts';
import { Callers } from '../testing/callers.ts';
import { callEvents } from '../testing/ledger-events.ts';
import { TestNotifications, WEBHOOK_URL } from '../testing/test-notifications.ts';
import { until } from '../testing/until.ts';

type Tenant = Awaited<ReturnType<TestNotifications['tenant']>>;

let told: TestNotifications;
beforeAll(async () => {
  told = await TestNotifications.start();
});
afterAll(() => told.stop());

const newAddress = () => `${randomUUID()}@example.com`;
const mailsTo = (address: string) => told.mailbox.mails.filter(({ to }) => to === address);
const endCall = (tenantID: string) =>
  told.write(callEvents({ tenantID }).filter(({ kind }) => kind === 'started' || kind === 'ended'));
const statesOf = async (tenant: Tenant) => (await told.deliveries(tenant)).map(({ state }) => state);

/** A tenant that names addresses which nobody was asked for. */
async function naming(...emails: string[]): Promise<Tenant> {
  const tenant = await told.tenant(null);
  await told.set(tenant.tenantID, { emails, emailEvents: ['CallEnded'] });
  return tenant;
}

/** As when the resources of these tenants are observed; resolves when all who are to be asked have been. */
async function observe(...tenants: Tenant[]): Promise<void> {
  const ids = tenants.map(({ tenantID }) => tenantID);
  await told.database.worker.transaction((client) => told.outbox.askAddresses(client, ids));
  told.outbox.wake();
  await until(async () => {
    const waiting = await told.database.asAdmin(
      `SELECT FROM pgboss.job WHERE name = '${SEND_MAIL}' AND state IN ('created', 'retry', 'active')`,
    );
    return waiting.length === 0 ? true : undefined;
  });
}

describe('an address that a tenant names', () => {
  test('is asked once, and told of nothing until whoever reads its mail agrees', async () => {
    const office = newAddress();
    const tenant = await naming(office);
    for (let call = 0; call < 3; call += 1) await endCall(tenant.tenantID);
    const { token } = await told.mailbox.wait(office, 'notify-me');
    await observe(tenant);
    await expect
      .poll(async () => (await told.deliveries(tenant)).map(({ error }) => error))
      .toEqual(['address_unproven', 'address_unproven', 'address_unproven']);
    expect(mailsTo(office)).toHaveLength(1);
    const prove = () => told.api.call('POST', '/api/notifications/addresses/prove', { body: { token } });
    expect([(await prove()).status, (await prove()).status]).toEqual([204, 403]);
    await until(async () => {
      await told.hurry();
      return (await statesOf(tenant)).every((state) => state === 'Delivered') ? true : undefined;
    });
    expect(mailsTo(office)).toHaveLength(4);
  });

  test('is shown with whether it has agreed, as soon as it is named', async () => {
    const [office, owner] = [newAddress(), newAddress()];
    const tenant = await told.tenant(null);
    const { email, tenantID } = tenant;
    const emails = [office, email, owner];
    const shown = async (token = tenant.token) =>
      (await told.api.call('GET', '/api/admin/notifications/addresses', { token })).body.items;
    expect(await shown()).toEqual([]);
    told.api.fakeTenants.set(tenant.name, { notifications: { emails } });
    const unknown = { isProven: false, provenAt: null, askedAt: null };
    expect(await shown()).toEqual(emails.map((address) => ({ address, ...unknown })));

    await told.set(tenantID, { emails });
    await observe(tenant);
    const { token } = await told.mailbox.wait(office, 'notify-me');
    await told.api.call('POST', '/api/notifications/addresses/prove', { body: { token } });
    const verification = await told.mailbox.wait(email, 'verify-email');
    await told.api.call('POST', '/api/auth/email/verify', { body: { token: verification.token } });
    const time = expect.stringMatching(/^\d{4}-/);
    expect(await shown()).toEqual([
      { address: office, isProven: true, provenAt: time, askedAt: time },
      { address: email, isProven: true, provenAt: null, askedAt: expect.anything() },
      { address: owner, isProven: false, provenAt: null, askedAt: time },
    ]);
    // Whoever has agreed for one tenant has not for another.
    const other = await told.tenant(null);
    told.api.fakeTenants.set(other.name, { notifications: { emails: [office, email] } });
    expect(await shown(other.token)).toMatchObject([unknown, unknown]);
  });

  test('is asked nothing where it is a member’s who has verified it', async () => {
    const tenant = await told.tenant(null);
    const { email, tenantID } = tenant;
    const { token } = await told.mailbox.wait(email, 'verify-email');
    await told.api.call('POST', '/api/auth/email/verify', { body: { token } });
    await told.set(tenantID, { emails: [email], emailEvents: ['CallEnded'] });
    await observe(tenant);
    await endCall(tenantID);
    await expect.poll(() => statesOf(tenant)).toEqual(['Delivered']);
    expect(mailsTo(email).filter(({ url }) => url.includes('notify-me'))).toEqual([]);
  });

  test('is asked for three tenants in a day at most, and a tenant has twenty asked', async () => {
    const stranger = newAddress();
    const many = [];
    for (let tenant = 0; tenant < 5; tenant += 1) many.push(await naming(stranger));
    await observe(...many);
    expect(mailsTo(stranger)).toHaveLength(3);
    const [cannon] = many;
    if (cannon === undefined) throw new Error('there is no tenant');
    for (let round = 0; round < 3; round += 1) {
      const emails = Array.from({ length: 10 }, (_, index) => `cannon-${round}-${index}@example.com`);
      await told.set(cannon.tenantID, { emails });
      await observe(cannon);
    }
    const asked = told.mailbox.mails.filter(({ to }) => to.startsWith('cannon-'));
    expect(asked.length).toBeGreaterThanOrEqual(19);
    expect(asked.length).toBeLessThanOrEqual(20);
  });

  test('is asked anew where the mail could not be sent, and not where its month is not over', async () => {
    const office = newAddress();
    const tenant = await naming(office);
    told.mailbox.refuse(451);
    await told.database.worker.transaction((client) => told.outbox.askAddresses(client, [tenant.tenantID]));
    told.outbox.wake();
    const asks = () =>
      told.database.worker.query(
        'SELECT asks, asked_at FROM notification_addresses WHERE tenant_id = $1 AND address = $2',
        [tenant.tenantID, office],
      );
    await until(async () => {
      // A new tenant's own mail may be refused as well, and before.
      const waiting = await told.database.asAdmin(
        `SELECT FROM pgboss.job
          WHERE name = '${SEND_MAIL}' AND state = 'retry' AND data ->> 'mail' = 'NotificationAddress'`,
      );
      return waiting.length > 0 ? true : undefined;
    });
    expect(await asks()).toEqual([{ asks: 0, asked_at: null }]);
    told.mailbox.refuse(undefined);
    await told.mailbox.wait(office, 'notify-me');
    await observe(tenant);
    expect(mailsTo(office)).toHaveLength(1);
  });
});

test('of one tenant and to one address only so many are mailed in a day; the others wait', async () => {
  const [one, other] = [newAddress(), newAddress()];
  const tenant = await told.tenant({ emails: [one, other], emailEvents: ['CallEnded'] });
  for (let call = 0; call < 6; call += 1) await endCall(tenant.tenantID);
  const refused = async () =>
    (await told.deliveries(tenant)).filter(({ error }) => error === 'too_many_mails').length;
  await expect.poll(refused, { timeout: 15_000 }).toBe(6);
  expect([...mailsTo(one), ...mailsTo(other)]).toHaveLength(6);
  expect(Math.max(mailsTo(one).length, mailsTo(other).length)).toBeLessThanOrEqual(4);
  const another = await told.tenant({ emails: [one], emailEvents: ['CallEnded'] });
  for (let call = 0; call < 5; call += 1) await endCall(another.tenantID);
  await until(async () =>
    (await told.deliveries(another)).every(({ state, error }) => state === 'Delivered' || error !== null)
      ? true
      : undefined,
  );
  expect(mailsTo(one)).toHaveLength(4);
});

test('a key that may not read calls has none of them sent again', async () => {
  const tenant = await told.tenant({ webhookURL: WEBHOOK_URL, webhookEvents: ['CallEnded'] });
  await endCall(tenant.tenantID);
  await expect.poll(() => statesOf(tenant)).toEqual(['Delivered']);
  const callers = new Callers(told.database, told.api);
  const [delivery] = await told.deliveries(tenant);
  const path = `/api/admin/notifications/deliveries/${delivery?.id}/resend`;
  const resend = async (...scopes: Parameters<Callers['apiKey']>[1]) =>
    told.api.call('POST', path, { token: await callers.apiKey(tenant.tenantID, scopes) });
  const refused = await resend('configuration:write');
  expect([refused.status, refused.body.code]).toEqual([403, 'not_permitted']);
  expect(await statesOf(tenant)).toEqual(['Delivered']);
  expect((await resend('configuration:write', 'calls:read')).status).toBe(202);
  await expect.poll(() => told.posted(tenant).length).toBe(2);
});
