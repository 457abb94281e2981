import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from '../identity/access-token.ts';
import { addCall } from '../testing/call-rows.ts';
import type { TestPerson } from '../testing/callers.ts';
import { TEST_SECRET } from '../testing/test-api.ts';
import { testSite } from '../testing/test-site.ts';
import { until } from '../testing/until.ts';

describe('live calls', () => {
  const site = testSite();
  let viewer: TestPerson;
  let tenantID: string;
  beforeEach(async () => {
    ({ tenantID } = await site.api.signUp(crypto.randomUUID()));
    viewer = await site.callers.person(tenantID, 'Viewer');
  });

  const begin = (of = tenantID) =>
    addCall(site.database.worker, of, { startedAt: new Date().toISOString(), from: '+13125550142' });
  const end = (callID: string) =>
    site.database.worker.query('UPDATE calls SET ended_at = now() WHERE call_id = $1', [callID]);

  /** The events of a stream, one after another; null at its end. */
  async function watch(token: string) {
    const response = await fetch(`${site.api.url}/api/admin/live-calls`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const events: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (event) => events.push(event) });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    return {
      response,
      close: () => reader?.cancel(),
      next: async () => {
        while (events.length === 0) {
          // It ends with its connection, also where nothing can be sent on it any more.
          const { done, value } = (await reader?.read().catch(() => undefined)) ?? { done: true };
          if (done) return null;
          parser.feed(value ?? '');
        }
        const { event, data } = events.shift() as EventSourceMessage;
        return { event, data: JSON.parse(data) };
      },
    };
  }

  test('are told of as they are, as they come and as they end', async () => {
    const first = await begin();
    const stream = await watch(await site.callers.token(viewer));
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await stream.next()).toMatchObject({
      event: 'snapshot',
      data: { calls: [{ id: first, from: '+13125550142', endedAt: null }] },
    });
    const second = await begin();
    expect(await stream.next()).toMatchObject({ event: 'call', data: { id: second } });
    await end(first);
    expect(await stream.next()).toEqual({ event: 'ended', data: { id: first } });
    await stream.close();
  });

  test('are all there for whoever comes again', async () => {
    const token = await site.callers.token(viewer);
    const before = await watch(token);
    await before.next();
    await before.close();
    const [one, two] = [await begin(), await begin()];
    const stream = await watch(token);
    const { calls } = (await stream.next())?.data ?? {};
    expect(calls.map(({ id }: { id: string }) => id).toSorted()).toEqual([one, two].toSorted());
    await stream.close();
  });

  test('of another tenant are not there, nor one whose end was lost a day ago', async () => {
    const other = await site.api.signUp(crypto.randomUUID());
    await begin(other.tenantID);
    await addCall(site.database.worker, tenantID, {
      startedAt: new Date(Date.now() - 90_000_000).toISOString(),
    });
    const stream = await watch(await site.callers.token(viewer));
    expect(await stream.next()).toEqual({ event: 'snapshot', data: { calls: [] } });
    await stream.close();
  });

  test.each([
    [
      'the token has ended',
      async () => {
        const sessionID = await site.callers.session(viewer);
        // Half a second before its end.
        const past = systemClock.now() - ACCESS_TOKEN_SECONDS * 1_000 + 1_500;
        return new AccessTokens([TEST_SECRET], { ...systemClock, now: () => past }).sign({
          ...viewer,
          sessionID,
        });
      },
      async () => undefined,
    ],
    [
      'the person is no member any more',
      () => site.callers.token(viewer),
      () => site.database.asAdmin('DELETE FROM veralux.memberships WHERE user_id = $1', [viewer.userID]),
    ],
    [
      'the key is revoked',
      () => site.callers.apiKey(tenantID, ['calls:read']),
      () =>
        site.database.asAdmin('UPDATE veralux.api_keys SET revoked_at = now() WHERE tenant_id = $1', [
          tenantID,
        ]),
    ],
  ])('end once %s', async (_why, tokenOf, happen) => {
    const stream = await watch(await tokenOf());
    expect(await stream.next()).toMatchObject({ event: 'snapshot' });
    await happen();
    expect(await stream.next()).toBeNull();
  });

  test('go on for others where those of one tenant cannot be read', async () => {
    const broken = await site.api.signUp(crypto.randomUUID());
    const brokenStream = await watch(broken.token);
    await brokenStream.next();
    const stream = await watch(await site.callers.token(viewer));
    await stream.next();
    const withTenant = site.database.app.withTenant.bind(site.database.app);
    let failed = 0;
    site.database.app.withTenant = (id, work) => {
      if (id !== broken.tenantID) return withTenant(id, work);
      failed += 1;
      return Promise.reject(new Error('a fault of one tenant'));
    };
    await until(async () => (failed > 1 ? true : undefined));
    const callID = await begin();
    expect(await stream.next()).toMatchObject({ event: 'call', data: { id: callID } });
    site.database.app.withTenant = withTenant;
    await Promise.all([brokenStream.close(), stream.close()]);
  });

  test('are not sent to whoever asks for the head alone', async () => {
    const reply = await site.api.call('HEAD', '/api/admin/live-calls', {
      token: await site.callers.token(viewer),
    });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
  });

  test('are watched by ten at a time in a tenant', async () => {
    const token = await site.callers.token(viewer);
    const streams = await Promise.all(Array.from({ length: 10 }, () => watch(token)));
    expect(streams.map(({ response }) => response.status)).toEqual(Array(10).fill(200));
    const refused = await watch(token);
    expect(refused.response.status).toBe(503);
    for (const stream of streams) await stream.close();
  });
});
