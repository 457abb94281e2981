import { afterEach, describe, expect, test } from 'vitest';
import { httpsSite, PUBLIC_ADDRESS, reply, SITE, type SiteAnswer } from '#hack/testing/https-site.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { postWebhook } from './post-webhook.ts';

const sites: Awaited<ReturnType<typeof httpsSite>>[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function open(script: SiteAnswer[], options: { down?: string[]; name?: string } = {}) {
  const site = await httpsSite(script, options);
  sites.push(site);
  const resolve = async () => [{ address: PUBLIC_ADDRESS, family: 4 }];
  return { site, deps: { clock: systemClock, resolve, dial: site.dial } };
}

const post = {
  url: `https://${SITE}/hook?v=1`,
  body: '{"type":"call.ended"}',
  headers: { 'webhook-id': 'msg_1' },
};

describe('a webhook', () => {
  test('is one POST to the address that was checked', async () => {
    const { site, deps } = await open([reply(204, '')]);
    expect(await postWebhook(deps, post)).toEqual({ kind: 'Delivered', status: 204 });
    expect(site.requests).toMatchObject([
      { method: 'POST', path: '/hook?v=1', body: post.body, headers: { 'webhook-id': 'msg_1', host: SITE } },
    ]);
    expect(site.dialled.map(({ address }) => address)).toEqual([PUBLIC_ADDRESS]);
  });

  test.each<[number, string]>([
    [200, 'Delivered'],
    [299, 'Delivered'],
    [302, 'Failed'],
    [307, 'Failed'],
    [400, 'Failed'],
    [404, 'Failed'],
    [410, 'Hopeless'],
    [429, 'Failed'],
    [500, 'Failed'],
  ])('that is answered by %i is %s, and no redirect is followed', async (status, kind) => {
    const { site, deps } = await open([
      reply(status, '', { location: 'https://127.0.0.1/' }),
      reply(200, ''),
    ]);
    expect(await postWebhook(deps, post)).toMatchObject({ kind, status });
    expect(site.requests).toHaveLength(1);
  });

  test.each([
    'http://site.example.com/',
    'https://127.0.0.1/',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest',
    'https://user@site.example.com/',
    'https://redis/',
    'nonsense',
  ])('goes nowhere but to the public Internet: %s', async (url) => {
    const { site, deps } = await open([]);
    expect(await postWebhook(deps, { ...post, url })).toEqual({
      kind: 'Hopeless',
      error: 'address_not_public',
    });
    expect(site.dialled).toEqual([]);
  });

  test('goes to no name that leads to an address of ours', async () => {
    const { site, deps } = await open([]);
    const resolve = async () => [
      { address: PUBLIC_ADDRESS, family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    expect(await postWebhook({ ...deps, resolve }, post)).toMatchObject({ kind: 'Hopeless' });
    expect(site.dialled).toEqual([]);
  });

  test('is not sent to a server that cannot prove its name', async () => {
    const { site, deps } = await open([], { name: 'other.example.com' });
    expect(await postWebhook(deps, post)).toEqual({
      kind: 'Failed',
      error: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(site.requests).toEqual([]);
  });

  test('fails by the code of what the network did', async () => {
    const { deps } = await open([]);
    const resolve = () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
    expect(await postWebhook({ ...deps, resolve }, post)).toEqual({ kind: 'Failed', error: 'ENOTFOUND' });
    const dial = () => Promise.reject(new Error('anything'));
    expect(await postWebhook({ ...deps, dial }, post)).toEqual({ kind: 'Failed', error: 'unreachable' });
  });

  test('is given up after ten seconds where the receiver never answers', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    const { deps } = await open([() => asked.resolve()]);
    const posting = postWebhook({ ...deps, clock }, post);
    await asked.promise;
    await clock.advance(10_000);
    expect(await posting).toEqual({ kind: 'Failed', error: 'timed_out' });
    expect(clock.pending).toBe(0);
  });

  test('is delivered also where the answer has a good status and no end', async () => {
    const clock = new FakeClock();
    const { deps } = await open([(response) => void response.writeHead(202).write('a')]);
    expect(await postWebhook({ ...deps, clock }, post)).toEqual({ kind: 'Delivered', status: 202 });
    expect(clock.pending).toBe(0);
  });

  test('is delivered also where the answer is longer than anybody reads', async () => {
    const { deps } = await open([reply(200, 'x'.repeat(1_000_000))]);
    expect(await postWebhook(deps, post)).toEqual({ kind: 'Delivered', status: 200 });
  });
});
