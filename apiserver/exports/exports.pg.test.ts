import { once } from 'node:events';
import { beforeAll, describe, expect, test } from 'vitest';
import { addCall } from '../testing/call-rows.ts';
import { nextResponse } from '../testing/next-response.ts';
import type { TestApi } from '../testing/test-api.ts';
import { testSite } from '../testing/test-site.ts';

describe('exports', () => {
  const site = testSite();
  let owner: Awaited<ReturnType<TestApi['signUp']>>;
  let other: Awaited<ReturnType<TestApi['signUp']>>;
  beforeAll(async () => {
    owner = await site.api.signUp('owner');
    other = await site.api.signUp('other');
    const call = { endedAt: '2026-11-10T12:01:00Z', from: '+13125550142', reason: 'WorkflowCompleted' };
    await addCall(site.database.worker, owner.tenantID, {
      ...call,
      startedAt: '2026-11-10T12:00:00Z',
      lead: {
        workflow: 'lead-capture',
        complete: true,
        values: { name: '=HYPERLINK("https://evil.example.com")', topic: 'a "quoted", long\nword' },
      },
    });
    await addCall(site.database.worker, owner.tenantID, {
      ...call,
      startedAt: '2026-11-09T12:00:00Z',
      endedAt: '2026-11-09T12:01:00Z',
      lead: { workflow: 'caller-questions', complete: false, values: { phone: '@SUM(A1)' } },
    });
  });

  const get = (path: string, token = owner.token) =>
    site.api.call('GET', `/api/admin/exports/${path}`, { token });

  test('leads are a table with a column for each field, in which no cell is a formula', async () => {
    const reply = await get('leads');
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="leads.csv"');
    const [head, first, second] = reply.body.split('\r\n');
    expect(head).toBe('callID,from,workflow,complete,capturedAt,name,phone,topic');
    expect(first).toMatch(
      /^[\w-]+,'\+13125550142,lead-capture,true,2026-11-10T12:01:00.000Z,"'=HYPERLINK\(""https:\/\/evil.example.com""\)",,"a ""quoted"", long\nword"$/,
    );
    expect(second).toMatch(/,caller-questions,false,.*,,'@SUM\(A1\),$/);
  });

  test.each(['calls', 'leads'])('%s as JSON lines are what the list has', async (name) => {
    const list = await site.api.call('GET', `/api/admin/${name}`, { token: owner.token });
    const reply = await get(`${name}?format=jsonl`);
    expect(reply.headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
    const lines = reply.body.trimEnd().split('\n');
    expect(lines.map((line: string) => JSON.parse(line))).toEqual(list.body.items);
  });

  test('calls are a table of what was asked for', async () => {
    const all = (await get('calls')).body.trimEnd().split('\r\n');
    expect(all[0]).toBe('id,from,to,startedAt,answeredAt,endedAt,hangupReason,seconds,hasLead');
    expect(all).toHaveLength(3);
    const some = (await get('calls?since=2026-11-10T00:00:00Z')).body.trimEnd().split('\r\n');
    expect(some).toHaveLength(2);
    expect(some[1]).toMatch(
      /,'\+13125550142,'\+13125550100,2026-11-10T12:00:00.000Z,.*,WorkflowCompleted,,true$/,
    );
  });

  test('of a tenant without any are the head alone, or nothing', async () => {
    const head = 'callID,from,workflow,complete,capturedAt\r\n';
    expect((await get('leads', other.token)).body).toBe(head);
    expect((await get('leads?format=jsonl', other.token)).body).toBe('');
  });

  /** A tenant with far more calls than sockets hold of an export. */
  async function manyCalls(label: string) {
    const tenant = await site.api.signUp(label);
    await site.database.worker.query(
      `INSERT INTO calls (tenant_id, call_id, from_number, started_at)
       SELECT $1, gen_random_uuid(), repeat('x', 200), now() - n * interval '1 second'
         FROM generate_series(1, 20000) n`,
      [tenant.tenantID],
    );
    return tenant;
  }

  test('hold a few rows at a time: a client that stops reading keeps the rest in the database', async () => {
    const { tenantID, token } = await manyCalls('large');
    const another = await manyCalls('as-large');
    let read = 0;
    const withTenant = site.database.app.withTenant.bind(site.database.app);
    site.database.app.withTenant = (id, work) => {
      if (id === tenantID) read += 1;
      return withTenant(id, work);
    };
    const response = await fetch(`${site.api.url}/api/admin/exports/calls?format=jsonl`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await reader?.read();
    // In the time in which a client that reads on gets all of as many.
    expect((await get('calls?format=jsonl', another.token)).body.split('\n')).toHaveLength(20_001);
    // 40 batches of 500 rows in all.
    expect(read).toBeLessThan(30);
    let rest = '';
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      rest += value;
    }
    expect(read).toBe(41);
    expect(rest.trimEnd().split('\n').length).toBeGreaterThan(10_000);
    site.database.app.withTenant = withTenant;
  });

  test('find the columns of leads by short reads, however many leads there are', async () => {
    const { tenantID, token } = await site.api.signUp('columns');
    await site.database.worker.query(
      `WITH made AS (
         INSERT INTO calls (tenant_id, call_id, started_at)
         SELECT $1, gen_random_uuid(), now() - n * interval '1 second' FROM generate_series(1, 1200) n
         RETURNING call_id, started_at)
       INSERT INTO leads (tenant_id, call_id, workflow, complete, fields, captured_at)
       SELECT $1, call_id, 'lead-capture', true,
              jsonb_build_array(jsonb_build_object(
                'name', CASE WHEN started_at = min(started_at) OVER () THEN 'oldest' ELSE 'name' END, 'value', 'x')),
              started_at
         FROM made`,
      [tenantID],
    );
    let reads = 0;
    const withTenant = site.database.app.withTenant.bind(site.database.app);
    site.database.app.withTenant = (id, work) => {
      if (id === tenantID) reads += 1;
      return withTenant(id, work);
    };
    const lines = (await get('leads', token)).body.trimEnd().split('\r\n');
    site.database.app.withTenant = withTenant;
    expect(lines).toHaveLength(1_201);
    expect(lines[0]).toBe('callID,from,workflow,complete,capturedAt,name,oldest');
    // Twice three batches of 500: once for the columns, once for the rows.
    expect(reads).toBe(6);
  });

  test('break off when whoever asked may not have them any more', async () => {
    const { tenantID } = await manyCalls('revoked');
    const viewer = await site.callers.person(tenantID, 'Viewer');
    const path = '/api/admin/exports/calls';
    const sending = nextResponse(path);
    const response = await fetch(site.api.url + path, {
      headers: { authorization: `Bearer ${await site.callers.token(viewer)}` },
    });
    const closed = once(await sending, 'close');
    await site.database.asAdmin('DELETE FROM veralux.memberships WHERE user_id = $1', [viewer.userID]);
    await closed;
    await expect(response.text()).rejects.toThrow('terminated');
  });

  test('are a few at a time, and another one is asked to wait', async () => {
    const ask = () =>
      fetch(`${site.api.url}/api/admin/exports/calls`, { headers: { authorization: `Bearer ${token}` } });
    const { token } = await manyCalls('eager');
    const first = [await ask(), await ask()];
    const refused = await ask();
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'busy']);
    expect(refused.headers.get('retry-after')).toBe('10');
    for (const response of first) await response.body?.cancel();
  });
});
