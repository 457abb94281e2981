import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { addCall, type TestCall } from '../testing/call-rows.ts';
import { testSite } from '../testing/test-site.ts';

/** From the latest to the earliest. */
const CALLS: Readonly<Record<string, TestCall>> = {
  ongoing: { startedAt: '2026-11-30T12:00:00Z', from: '+13125550142', said: ['Good day.'] },
  ended: {
    startedAt: '2026-11-20T12:00:00Z',
    endedAt: '2026-11-20T12:01:00Z',
    from: '+13125550142',
    reason: 'CallerHungUp',
    said: ['My MÜLLER rebate is 100% of a_b \\ c', 'Thank you'],
  },
  lead: {
    startedAt: '2026-11-10T12:00:00Z',
    endedAt: '2026-11-10T12:01:00Z',
    from: '+13125550199',
    reason: 'WorkflowCompleted',
    said: ['I want an appointment'],
    lead: { workflow: 'lead-capture', complete: true, values: { name: 'Ada Lovelace' } },
  },
  old: {
    startedAt: '2026-09-01T12:00:00Z',
    endedAt: '2026-09-01T12:01:00Z',
    from: 'anonymous',
    reason: 'CallerSilent',
    said: ['I want nothing'],
    lead: { workflow: 'caller-questions', complete: false, values: { topic: 'Nothing' } },
  },
};

describe('lists of calls and leads', () => {
  const site = testSite();
  let token: string;
  const names = new Map<string, string>();
  beforeAll(async () => {
    const owner = await site.api.signUp('owner');
    token = owner.token;
    for (const [name, call] of Object.entries(CALLS)) {
      names.set(await addCall(site.database.worker, owner.tenantID, call), name);
    }
    const other = await site.api.signUp('other');
    for (const call of Object.values(CALLS)) await addCall(site.database.worker, other.tenantID, call);
  });

  const ask = (list: string, query: Record<string, string>) =>
    site.api.call('GET', `/api/admin/${list}?${new URLSearchParams(query).toString()}`, { token });
  const november = { since: '2026-11-01T00:00:00Z', until: '2026-12-01T00:00:00Z' };

  test.each<[Record<string, string>, string[]]>([
    [{}, ['ongoing', 'ended', 'lead', 'old']],
    [{ since: '2026-11-20T12:00:00Z' }, ['ongoing', 'ended']],
    [{ until: '2026-11-20T12:00:00Z' }, ['lead', 'old']],
    [{ number: '+13125550142' }, ['ongoing', 'ended']],
    [{ number: '+13125550100' }, ['ongoing', 'ended', 'lead', 'old']],
    [{ number: 'anonymous' }, ['old']],
    [{ outcome: 'Ongoing' }, ['ongoing']],
    [{ outcome: 'CallerHungUp' }, ['ended']],
    [{ ...november, text: 'müller' }, ['ended']],
    [{ ...november, text: 'appoint' }, ['lead']],
    [{ ...november, text: '100%' }, ['ended']],
    [{ ...november, text: 'a_b \\' }, ['ended']],
    [{ ...november, text: '100_' }, []],
    [{ ...november, text: 'nothing' }, []],
    [{ ...november, text: 'o', number: '+13125550142', outcome: 'CallerHungUp' }, ['ended']],
  ])('calls by %j are %j', async (query, wanted) => {
    const { body } = await ask('calls', query);
    expect(body.items.map(({ id }: { id: string }) => names.get(id))).toEqual(wanted);
  });

  test.each<[Record<string, string>, string[]]>([
    [{}, ['lead', 'old']],
    [{ since: '2026-11-01T00:00:00Z' }, ['lead']],
    [{ number: 'anonymous' }, ['old']],
    [{ workflow: 'lead-capture' }, ['lead']],
    [{ complete: 'false' }, ['old']],
    [{ ...november, text: 'lovelace' }, ['lead']],
    [{ ...november, text: 'nothing' }, []],
  ])('leads by %j are %j', async (query, wanted) => {
    const { body } = await ask('leads', query);
    expect(body.items.map(({ callID }: { callID: string }) => names.get(callID))).toEqual(wanted);
  });

  test('a plus that was not encoded is one', async () => {
    const reply = await site.api.call('GET', '/api/admin/calls?number=+13125550199', { token });
    expect(reply.body.items).toHaveLength(1);
  });

  test.each([
    ['calls', { text: 'word' }],
    ['leads', { text: 'word' }],
    ['calls', { text: 'word', since: '2026-11-01T00:00:00Z' }],
    ['calls', { text: 'word', since: '2026-10-01T00:00:00Z', until: '2026-11-02T00:00:00Z' }],
  ])('%s by %j are refused: text is looked for within a month', async (list, query) => {
    const reply = await ask(list, query);
    expect([reply.status, reply.body.errors]).toEqual([
      400,
      [{ path: 'query.text', message: 'needs since and until, at most 31 days apart' }],
    ]);
  });

  test('a filter goes on over pages', async () => {
    const first = await ask('calls', { number: '+13125550142', limit: '1' });
    const cursor = first.body.nextCursor;
    const second = await ask('calls', { number: '+13125550142', limit: '1', cursor });
    expect([...first.body.items, ...second.body.items].map(({ id }) => names.get(id))).toEqual([
      'ongoing',
      'ended',
    ]);
    expect(second.body.nextCursor).toBeNull();
  });

  test('a search for words is bounded by the index of times', async () => {
    const plan = await site.database.app.withTenant(randomUUID(), async (client) => {
      await client.query('SET LOCAL enable_seqscan = off');
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT FROM calls c WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3 AND EXISTS (
           SELECT FROM call_turns t WHERE t.tenant_id = c.tenant_id AND t.call_id = c.call_id AND t.text ILIKE '%x%')
          ORDER BY started_at DESC, call_id DESC LIMIT 25`,
        [randomUUID(), november.since, november.until],
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/Index (Only )?Scan using calls_by_time on calls c/);
    expect(plan).toMatch(/Index Cond: .*started_at >= .*started_at </);
  });
});
