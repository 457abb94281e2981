import { describe, expect, test } from 'vitest';
import { addCall } from '../testing/call-rows.ts';
import { testSite } from '../testing/test-site.ts';
import { EXPORTED_TABLES } from './exported-tables.ts';

interface Line {
  readonly table: string;
  readonly row: Readonly<Record<string, unknown>>;
}

describe('the export of a tenant', () => {
  const site = testSite();

  async function lines(token: string): Promise<{ readonly text: string; readonly lines: readonly Line[] }> {
    const reply = await site.api.call('GET', '/api/admin/exports/tenant', { token });
    expect(reply.status).toBe(200);
    const text: string = reply.body;
    return {
      text,
      lines: text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    };
  }

  test('has each row of the tenant once, over any number of batches, and none of another', async () => {
    const ours = await site.api.signUp('ours');
    const theirs = await site.api.signUp('theirs');
    const said = Array.from({ length: 450 }, (_, index) => `turn ${index}`);
    for (const { tenantID } of [ours, theirs]) {
      await addCall(site.database.worker, tenantID, {
        startedAt: '2026-11-10T12:00:00Z',
        from: '+13125550142',
        said,
        lead: { workflow: 'lead-capture', complete: true, values: { name: 'Ada' } },
      });
      await site.database.worker.query(
        `INSERT INTO tenant_revisions (tenant_id, resource_uid, generation, spec, managers, changed, takeovers)
         SELECT $1, gen_random_uuid(), n, '{"displayName": "a\\u0000b"}', '{}', '{}', '[]' FROM generate_series(1, 3) n`,
        [tenantID],
      );
    }
    const exported = await lines(ours.token);
    expect(exported.lines.filter(({ row }) => row.tenant_id !== ours.tenantID)).toEqual([]);
    const turns = exported.lines.filter(({ table }) => table === 'call_turns');
    expect(turns.map(({ row }) => row.text)).toEqual(said);
    for (const { name } of EXPORTED_TABLES) {
      const [count] = await site.database.asAdmin<{ n: string }>(
        `SELECT count(*) AS n FROM veralux.${name} WHERE tenant_id = $1`,
        [ours.tenantID],
      );
      expect([name, exported.lines.filter(({ table }) => table === name).length]).toEqual([
        name,
        Number(count?.n),
      ]);
    }
  });

  test('has all columns of calls, and of a recording all but under which id the carrier has it', async () => {
    const { tenantID, token } = await site.api.signUp('recorded');
    const callID = await addCall(site.database.worker, tenantID, { startedAt: '2026-11-10T12:00:00Z' });
    const recording = { purpose: 'Quality', durationMs: 5 };
    await site.database.worker.query('UPDATE calls SET recording = $2 WHERE call_id = $1', [
      callID,
      { ...recording, carrierLegID: 'leg-1' },
    ]);
    const row = (await lines(token)).lines.find(({ table }) => table === 'calls')?.row;
    expect(row?.recording).toEqual(recording);
    const columns = await site.database.asAdmin<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = 'veralux' AND table_name = 'calls'`,
    );
    expect(Object.keys(row ?? {}).toSorted()).toEqual(columns.map(({ name }) => name).toSorted());
  });

  test('has the members by name, and no secret', async () => {
    const { token, email } = await site.api.signUp('secret');
    const body = { name: 'Export', scopes: ['calls:read'] };
    const { key } = (await site.api.call('POST', '/api/admin/api-keys', { token, body })).body;
    const { text, lines: rows } = await lines(token);
    expect(rows.find(({ table }) => table === 'memberships')?.row).toMatchObject({ email, role: 'Owner' });
    expect(rows.find(({ table }) => table === 'api_keys')?.row).toMatchObject({ name: 'Export' });
    for (const secret of [key, 'password', '\\\\x', 'quick:']) expect(text).not.toContain(secret);
  });
});
