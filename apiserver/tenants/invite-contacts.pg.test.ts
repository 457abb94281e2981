import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { runCommand } from '../admin/commands.ts';
import { PasswordHasher } from '../identity/password-hasher.ts';
import { Callers } from '../testing/callers.ts';
import { noOutbox } from '../testing/no-outbox.ts';
import { quickBcrypt, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import { ContactInviter } from './contact-inviter.ts';
import { observeTenant } from './observed-tenant.ts';
import { recordTenants } from './record-tenants.ts';

describe('a tenant made with kubectl', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  /** As the server observes it; two replicas do so at once. */
  async function observe(tenantID: string, email: string, options: { isOnPrem?: boolean } = {}) {
    const tenant = observeTenant({
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'Tenant',
      metadata: { name: `t-${tenantID}`, uid: 'u', resourceVersion: '1' },
      spec: { displayName: 'Acme', contact: { name: 'Jane', email } },
      status: { tenantID },
    } as never);
    const recording = {
      informer: { get: () => tenant },
      database: database.worker,
      isOnPrem: options.isOnPrem ?? false,
      jobs: api.jobs,
      outbox: noOutbox,
      log: silentLogger,
    };
    await Promise.all([recordTenants(recording, ['t']), recordTenants(recording, ['t'])]);
  }

  const invitationsOf = (tenantID: string) =>
    database.asAdmin<{ invitation_id: string; email: string; role: string }>(
      'SELECT invitation_id, email, role FROM veralux.invitations WHERE tenant_id = $1',
      [tenantID],
    );

  test('is its contact’s, who is invited once and owns it', async () => {
    const tenantID = randomUUID();
    await observe(tenantID, 'Contact@Example.com');
    await observe(tenantID, 'Contact@Example.com');
    const invitations = await invitationsOf(tenantID);
    expect(invitations).toMatchObject([{ email: 'contact@example.com', role: 'Owner' }]);
    const id = invitations[0]?.invitation_id ?? '';
    const jobs = await database.asAdmin(`SELECT FROM pgboss.job WHERE data->>'id' = $1`, [id]);
    expect(jobs).toHaveLength(1);
    const deps = {
      database: database.worker,
      hasher: new PasswordHasher({ bcrypt: quickBcrypt }),
      consoleURL: 'https://console.example.com',
    };
    const token = (await runCommand(deps, ['show-link', 'invitation', id])).split('#')[1];
    const body = { token, name: 'Jane', password: 'SecureP@ss123' };
    const joined = await api.call('POST', '/api/auth/invitations/join', { body });
    expect(joined.body.tenant).toMatchObject({ id: tenantID, role: 'Owner' });
  });

  describe('whose contact did not answer', () => {
    let tenantID: string;
    let email: string;
    beforeEach(async () => {
      tenantID = randomUUID();
      email = `${tenantID}@example.com`;
      await observe(tenantID, email);
    });

    const runOut = () =>
      database.asAdmin(
        `UPDATE veralux.invitations SET created_at = now() - interval '8 days', expires_at = now() - interval '1 day'
          WHERE tenant_id = $1 AND revoked_at IS NULL`,
        [tenantID],
      );
    const open = async () =>
      (
        await database.asAdmin(
          'SELECT FROM veralux.invitations WHERE tenant_id = $1 AND revoked_at IS NULL AND expires_at > now()',
          [tenantID],
        )
      ).length;

    /** The inviter's first look, on two replicas at once. */
    async function look(): Promise<void> {
      const clock = new FakeClock();
      const options = { database: database.worker, jobs: api.jobs, clock, log: silentLogger };
      const inviters = [new ContactInviter(options), new ContactInviter(options)];
      for (const inviter of inviters) await inviter.start(() => undefined);
      await until(async () => (clock.pending === inviters.length ? true : undefined));
      for (const inviter of inviters) await inviter.stop();
    }

    test('is offered to them again within the hour in which the invitation ran out, five times in all', async () => {
      await look();
      expect(await invitationsOf(tenantID)).toHaveLength(1);
      for (let round = 2; round <= 5; round += 1) {
        await runOut();
        await look();
        expect([await open(), (await invitationsOf(tenantID)).length]).toEqual([1, round]);
      }
      await runOut();
      await look();
      expect([await open(), (await invitationsOf(tenantID)).length]).toEqual([0, 5]);
    });

    test.each([
      [
        'somebody has revoked the invitation',
        `UPDATE veralux.invitations SET revoked_at = now() WHERE tenant_id = $1`,
      ],
      [
        'the Tenant was deleted',
        `UPDATE veralux.tenants SET deleted_at = now(), deletion_policy = 'Retain' WHERE tenant_id = $1`,
      ],
    ])('is not offered again where %s', async (_what, change) => {
      await database.asAdmin(change, [tenantID]);
      await runOut();
      await look();
      expect(await open()).toBe(0);
    });

    test('is offered again where others than an owner belong to it', async () => {
      await new Callers(database, api).person(tenantID, 'Viewer');
      await runOut();
      await look();
      expect(await open()).toBe(1);
    });
  });

  test('invites nobody on-prem, where the administrator owns it, nor where it belongs to somebody', async () => {
    const signedUp = await api.signUp('owner');
    await observe(signedUp.tenantID, 'contact@example.com');
    expect(await invitationsOf(signedUp.tenantID)).toEqual([]);
    const onPrem = randomUUID();
    await observe(onPrem, 'contact@example.com', { isOnPrem: true });
    expect(await invitationsOf(onPrem)).toEqual([]);
  });
});
