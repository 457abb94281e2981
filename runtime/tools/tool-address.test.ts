import { afterEach, describe, expect, test } from 'vitest';
import { PUBLIC_ADDRESS, reply } from '#hack/testing/https-site.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { createToolRunner } from './create-tool-runner.ts';
import { at, closeSites, request, setUpTools, tool } from './fakes/tools-in-test.ts';
import { ToolRunner } from './tool-runner.ts';

afterEach(closeSites);

describe('where a tool may be', () => {
  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://0177.0.0.01/',
    'https://127.1/',
    'https://0x7f.1/',
    'https://127.0.0.1./',
    'https://0/',
    'https://0.0.0.1/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://100.100.100.200/',
    'https://169.254.169.254/latest',
    'https://168.63.129.16/',
    'https://192.0.0.192/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://203.0.113.7/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b:1::a00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:0:7f00:1::]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[fec0::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[100::1]/',
    'https://[4000::1]/',
    'https://localhost/',
    'https://localhost./',
    'https://redis/',
    'https://redis./',
  ])('is nowhere but at public addresses: %s', async (url) => {
    const { site, runner, looked } = await setUpTools([]);
    expect(await runner.run(request({ url }))).toMatchObject({ kind: 'refused' });
    expect([site.dialled, looked]).toEqual([[], []]);
  });

  test.each([
    'http://site.example.com/',
    'https://user@site.example.com/',
    'https://user:word@site.example.com/',
    'https://:word@site.example.com/',
    'ftp://site.example.com/',
    'nonsense',
  ])('is at https, without a user: %s', async (url) => {
    const { site, runner } = await setUpTools([]);
    // What a Tenant may say is narrower than this; the runner does not rely on it.
    expect(await runner.run({ ...request(), tool: { ...tool(), url } })).toMatchObject({
      kind: 'refused',
    });
    expect(site.dialled).toEqual([]);
  });

  test.each([
    ['a private address', at('10.0.0.1')],
    ['a public address and a private one', at(PUBLIC_ADDRESS, '10.0.0.1')],
    ['a metadata service', at('169.254.169.254')],
    ['a mapped address', at('::ffff:10.0.0.1')],
    ['an address of NAT64', at('64:ff9b::a00:1')],
    ['an address with a zone', at('fe80::1%eth0')],
    ['no address', []],
    ['what is no address', [{ address: 'evil', family: 4 }]],
  ])('is no name that leads to %s', async (_, addresses) => {
    const { site, runner } = await setUpTools([], { names: [addresses] });
    expect(await runner.run(request())).toMatchObject({ kind: 'refused' });
    expect(site.dialled).toEqual([]);
  });

  test('is looked up once: a name that leads elsewhere the next time is not asked again', async () => {
    const { site, runner, looked } = await setUpTools([reply(200, '{}')], {
      names: [at(PUBLIC_ADDRESS), at('127.0.0.1')],
    });
    expect(await runner.run(request())).toMatchObject({ kind: 'ok' });
    expect(looked).toHaveLength(1);
    expect(site.dialled.map(({ address }) => address)).toEqual([PUBLIC_ADDRESS]);
  });

  test('is also at the next address of the name, where the first takes no connection', async () => {
    const first = '2606:2800:21f:cb07:6820:80da:af6b:8b2c';
    const { site, runner } = await setUpTools([reply(200, '{}')], {
      names: [at(first, PUBLIC_ADDRESS)],
      down: [first],
    });
    expect(await runner.run(request())).toMatchObject({ kind: 'ok' });
    expect(site.dialled.map(({ address }) => address)).toEqual([first, PUBLIC_ADDRESS]);
  });

  test('is told from one that cannot be reached', async () => {
    const { runner } = await setUpTools([], { down: [PUBLIC_ADDRESS] });
    expect(await runner.run(request())).toEqual({
      kind: 'failed',
      text: 'The tool could not be reached. It did nothing.',
    });
  });

  test('is a server that proves its name', async () => {
    const { site, runner } = await setUpTools([reply(200, '{}')], { name: 'other.example.com' });
    expect(await runner.run(request())).toMatchObject({ kind: 'failed' });
    expect(site.requests).toEqual([]);
  });

  test('a name whose look-up does not end is given up with the time of the tool', async () => {
    const clock = new FakeClock();
    const runner = new ToolRunner({
      clock,
      resolve: () => new Promise(() => {}),
      dial: () => Promise.reject(new Error('never')),
      observer: { finished: () => {} },
      log: silentLogger,
    });
    const running = runner.run(request({ timeoutSeconds: 2 }));
    await clock.advance(2_000);
    expect(await running).toEqual({
      kind: 'timedOut',
      text: 'The tool did not answer in time. It did nothing.',
    });
  });

  test('the runner of a pod reaches nothing on its own machine', async () => {
    const { site } = await setUpTools([reply(200, '{}')]);
    const registry = createRegistry('runtime');
    const runner = createToolRunner({ clock: systemClock, registry, log: silentLogger });
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const url = `https://${host}:${site.port}/`;
      expect(await runner.run(request({ url }))).toMatchObject({ kind: 'refused' });
    }
    expect(site.requests).toEqual([]);
    expect(await registry.metrics()).toMatch(/veralux_tool_call_seconds_count\{.*outcome="refused".*\} 3/);
  });
});
