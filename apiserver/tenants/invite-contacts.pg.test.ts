import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { runCommand } from '../admin/commands.ts';
import { PasswordHasher } from '../identity/password-hasher.ts';
import { quickBcrypt, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
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

  test('invites nobody on-prem, where the administrator owns it, nor where it belongs to somebody', async () => {
    const signedUp = await api.signUp('owner');
    await observe(signedUp.tenantID, 'contact@example.com');
    expect(await invitationsOf(signedUp.tenantID)).toEqual([]);
    const onPrem = randomUUID();
    await observe(onPrem, 'contact@example.com', { isOnPrem: true });
    expect(await invitationsOf(onPrem)).toEqual([]);
  });
});
