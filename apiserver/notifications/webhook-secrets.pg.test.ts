import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, TEST_SECRET, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { signedHeaders } from './webhook-channel.ts';
import { resealSecrets, SecretBox, signingSecrets } from './webhook-secrets.ts';

const SECRETS = '/api/admin/notifications/secrets';

describe('the secrets of webhooks', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let tenantID: string;
  let token: string;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  const box = new SecretBox([TEST_SECRET]);
  const signing = (by = box) => signingSecrets(database.worker, by, tenantID);
  const make = (body: object = {}, headers: Record<string, string> = {}) =>
    api.call('POST', SECRETS, { token, body, headers });
  const list = async () => (await api.call('GET', SECRETS, { token })).body.items;

  async function newTenant(): Promise<void> {
    ({ tenantID, token } = await api.signUp(crypto.randomUUID()));
  }

  test('one is made and shown once; the one before stays good for a day beside it, and no longer', async () => {
    await newTenant();
    const first = await make();
    const second = await make();
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await signing()).toEqual([second.body.secret, first.body.secret]);
    expect(await list()).toEqual([
      { id: second.body.id, createdAt: second.body.createdAt, endsAt: null },
      { id: first.body.id, createdAt: first.body.createdAt, endsAt: expect.any(String) },
    ]);
    const hours = (Date.parse((await list())[1].endsAt) - Date.parse(second.body.createdAt)) / 3_600_000;
    expect(hours).toBeCloseTo(24, 1);
    await database.worker.query(
      `UPDATE webhook_secrets SET ends_at = now() WHERE tenant_id = $1 AND ends_at IS NOT NULL`,
      [tenantID],
    );
    expect(await signing()).toEqual([second.body.secret]);
    const third = await make({ overlapHours: 0 });
    expect(await signing()).toEqual([third.body.secret]);
  });

  test('of several that are made at once, while a webhook is signed, each is made, and two are good', async () => {
    await newTenant();
    const [made] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, () => make())),
      ...Array.from({ length: 4 }, () => signing()),
    ]);
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201]);
    expect(await list()).toHaveLength(2);
  });

  test('while two are good, a receiver with either of them takes what is signed', () => {
    const secrets = ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
    const headers = signedHeaders(secrets, { id: 'msg_1', at: new Date(), body: '{}' });
    for (const secret of secrets) expect(new Webhook(secret).verify('{}', headers)).toEqual({});
  });

  test('a request that is repeated makes no second one, and shows another text of the same', async () => {
    await newTenant();
    const key = { 'idempotency-key': 'a-key' };
    const [first, again] = [await make({}, key), await make({}, key)];
    expect(again.body.id).toBe(first.body.id);
    expect(await signing()).toEqual([again.body.secret]);
  });

  test('a webhook is signed also before one was made, always by the same', async () => {
    await newTenant();
    const [a, b] = await Promise.all([signing(), signing()]);
    expect([...a, ...b]).toHaveLength(2);
    expect(await signing()).toHaveLength(1);
    expect(await list()).toHaveLength(1);
  });

  test('one that is ended signs nothing any more, and cannot be ended twice', async () => {
    await newTenant();
    const { body } = await make();
    const end = () => api.call('DELETE', `${SECRETS}/${body.id}`, { token });
    expect([(await end()).status, (await end()).status]).toEqual([204, 404]);
    expect(await signing()).not.toContain(body.secret);
    const audit = await api.call('GET', '/api/admin/audit', { token });
    const told = (audit.body.items as { resource: string; action: string; subjectID: string }[])
      .filter(({ resource, subjectID }) => resource === 'WebhookSecret' && subjectID === body.id)
      .map(({ action }) => action);
    expect(told).toEqual(['Removed', 'Created']);
    expect(JSON.stringify(audit.body)).not.toContain('whsec_');
  });

  test('they lie in the database sealed, and are sealed anew while JWT_SECRET is replaced', async () => {
    await newTenant();
    const { body } = await make();
    const kept = () =>
      database.worker.query<{ sealed: string }>('SELECT sealed FROM webhook_secrets WHERE tenant_id = $1', [
        tenantID,
      ]);
    expect(JSON.stringify(await kept())).not.toContain(body.secret.slice(6));
    const next = 'another-secret-that-is-long-enough-0123456789';
    const replacing = new SecretBox([next, TEST_SECRET]);
    expect(await signing(replacing)).toEqual([body.secret]);
    await resealSecrets(database.worker, replacing);
    expect(await signing(new SecretBox([next]))).toEqual([body.secret]);
    expect(await signing(box)).toEqual([]);
    await resealSecrets(database.worker, new SecretBox([TEST_SECRET, next]));
    expect(await signing()).toEqual([body.secret]);
  });
});
