import type { LookupAddress } from 'node:dns';
import { afterEach, describe, expect, test } from 'vitest';
import { toolsSchema } from '#crds/tenant/tool.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { createLogger, silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { createToolRunner } from './create-tool-runner.ts';
import { PUBLIC_ADDRESS, reply, SITE, type ToolAnswer, toolSite } from './fakes/tool-site.ts';
import type { TenantTool } from './tool-arguments.ts';
import { ToolRunner } from './tool-runner.ts';

type Site = Awaited<ReturnType<typeof toolSite>>;
const sites: Site[] = [];

function tool(more: object = {}): TenantTool {
  const [parsed] = toolsSchema.parse([
    {
      name: 'book',
      description: 'Books an appointment.',
      url: `https://${SITE}/book?v=1`,
      parameters: [
        { name: 'day', description: 'The day.' },
        { name: 'kind', description: 'Which.', choices: ['cleaning', 'checkup'], required: false },
      ],
      ...more,
    },
  ]);
  if (!parsed) throw new Error('a list of one tool has one');
  return parsed;
}

async function setUp(script: ToolAnswer[], options: SetUp = {}) {
  const site = await toolSite(script, options);
  sites.push(site);
  const outcomes: string[] = [];
  const looked: string[] = [];
  const runner = new ToolRunner({
    clock: options.clock ?? systemClock,
    dial: site.dial,
    resolve: async (hostname) => {
      looked.push(hostname);
      if (!options.names) return [{ address: PUBLIC_ADDRESS, family: 4 }];
      const [next] = options.names.length > 1 ? options.names.splice(0, 1) : options.names;
      return next ?? [];
    },
    observer: { finished: (outcome) => outcomes.push(outcome) },
    log: options.log ?? silentLogger,
  });
  return { site, runner, outcomes, looked };
}

interface SetUp {
  /** What each look-up finds; the last for all that follow. */
  readonly names?: (readonly LookupAddress[])[];
  readonly clock?: FakeClock;
  readonly down?: readonly string[];
  readonly name?: string;
  readonly log?: typeof silentLogger;
}

const request = (more: object = {}, args: Record<string, unknown> = { day: 'Monday' }, id = 'call_1') => ({
  callID: 'c-1',
  tool: tool(more),
  call: { id, name: 'book', arguments: args },
});

const at = (...addresses: string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

describe('a call of a tool', () => {
  test('is one POST of its arguments, to the address that was checked, and answers what the tool says', async () => {
    const { site, runner, outcomes, looked } = await setUp([reply(200, '{"at":"10:00"}')]);
    expect(await runner.run(request())).toEqual({ kind: 'ok', text: '{"at":"10:00"}' });
    expect(site.requests).toHaveLength(1);
    expect(site.requests[0]).toMatchObject({ method: 'POST', path: '/book?v=1', body: '{"day":"Monday"}' });
    expect(site.requests[0]?.headers).toMatchObject({ host: SITE, 'content-type': 'application/json' });
    expect(site.dialled).toEqual([{ address: PUBLIC_ADDRESS, port: 443, hostname: SITE }]);
    expect(looked).toEqual([`${SITE}.`]);
    expect(outcomes).toEqual(['ok']);
  });

  test('has a key by which a repeat of it, and of it alone, is known', async () => {
    const { site, runner } = await setUp(Array.from({ length: 4 }, () => reply(200, '{}')));
    await runner.run(request());
    await runner.run(request());
    await runner.run(request({}, { day: 'Tuesday' }));
    await runner.run(request({}, { day: 'Monday' }, 'call_2'));
    const keys = site.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['are missing', {}, 'day: '],
    ['have another type', { day: 5 }, 'day: '],
    [
      'are none of the choices',
      { day: 'Monday', kind: 'surgery' },
      'kind: Invalid option: expected one of "cleaning"|"checkup"',
    ],
    ['are unknown', { day: 'Monday', hour: 5 }, 'Unrecognized key: "hour"'],
    ['are too long', { day: 'x'.repeat(2_001) }, 'day: '],
  ])('whose arguments %s is refused in words for the model, and not made', async (_, args, words) => {
    const { site, runner, outcomes } = await setUp([]);
    const outcome = await runner.run(request({}, args));
    expect(outcome.kind).toBe('refused');
    expect(outcome.text).toContain(`The arguments do not fit. ${words}`);
    expect(site.dialled).toEqual([]);
    expect(outcomes).toEqual(['refused']);
  });

  test('of a tool whose token is not there is refused', async () => {
    const { site, runner } = await setUp([]);
    const outcome = await runner.run(request({ secretRef: { name: 'booking' } }));
    expect(outcome).toEqual({ kind: 'refused', text: expect.stringContaining('token') });
    expect(site.dialled).toEqual([]);
  });

  test('leaves a line with what is nobody’s secret', async () => {
    const lines: string[] = [];
    const log = createLogger('test', 'info', { write: (line) => void lines.push(line) });
    const { runner } = await setUp([reply(500, '{"caller":"Ann"}')], { log });
    await runner.run(request({}, { day: 'Ann' }));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      call: 'c-1',
      tool: 'book',
      outcome: 'failed',
      status: 500,
    });
    expect(lines.join('')).not.toMatch(/Ann|example\.com/);
  });
});

describe('what a tool answers', () => {
  test.each<[string, ToolAnswer, string, string]>([
    ['text', reply(200, 'Booked.', { 'content-type': 'text/plain; charset=utf-8' }), 'ok', 'Booked.'],
    ['JSON of its own kind', reply(201, '[1]', { 'content-type': 'application/hal+json' }), 'ok', '[1]'],
    ['nothing', reply(204, ''), 'ok', 'answered nothing'],
    ['16 KiB', reply(200, `"${'x'.repeat(16 * 1024 - 2)}"`), 'ok', 'xxx'],
    [
      'a refusal in words',
      reply(409, '{"error":"taken"}'),
      'failed',
      'HTTP status 409. It said: {"error":"taken"}',
    ],
    [
      'a failure in HTML',
      reply(500, '<html>', { 'content-type': 'text/html' }),
      'failed',
      'HTTP status 500.',
    ],
    ['more than 16 KiB', reply(200, `"${'x'.repeat(16 * 1024 - 1)}"`), 'failed', 'cannot be read'],
    ['HTML', reply(200, '<html>', { 'content-type': 'text/html' }), 'failed', 'cannot be read'],
    ['JSON that is none', reply(200, '{"at":'), 'failed', 'cannot be read'],
    ['what is compressed', reply(200, '{}', { 'content-encoding': 'gzip' }), 'failed', 'cannot be read'],
    [
      'a redirect, which is not followed',
      reply(302, '', { location: 'https://127.0.0.1/' }),
      'failed',
      'HTTP status 302.',
    ],
    [
      'a redirect that keeps the method',
      reply(307, '', { location: 'https://127.0.0.1/' }),
      'failed',
      'HTTP status 307.',
    ],
  ])('is told: %s', async (_, answer, kind, words) => {
    const { site, runner } = await setUp([answer, reply(200, '{}')]);
    const outcome = await runner.run(request());
    expect(outcome).toMatchObject({ kind, text: expect.stringContaining(words) });
    expect(site.requests).toHaveLength(1);
    expect(site.dialled).toHaveLength(1);
  });

  test('is not waited for beyond its time, nor asked for again', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    const { site, runner } = await setUp([() => asked.resolve()], { clock });
    const running = runner.run(request({ timeoutSeconds: 3 }));
    await asked.promise;
    await clock.advance(3_000);
    expect(await running).toMatchObject({ kind: 'timedOut', text: expect.stringContaining('not known') });
    expect(site.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('may break off, and is not asked for again', async () => {
    const { site, runner } = await setUp([(response) => void response.destroy(), reply(200, '{}')]);
    expect(await runner.run(request())).toMatchObject({
      kind: 'failed',
      text: expect.stringContaining('not known'),
    });
    expect(site.requests).toHaveLength(1);
  });
});

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
    const { site, runner, looked } = await setUp([]);
    expect(await runner.run(request({ url }))).toMatchObject({ kind: 'refused' });
    expect([site.dialled, looked]).toEqual([[], []]);
  });

  test.each([
    'http://tools.example.com/',
    'https://user@tools.example.com/',
    'https://user:word@tools.example.com/',
    'https://:word@tools.example.com/',
    'ftp://tools.example.com/',
    'nonsense',
  ])('is at https, without a user: %s', async (url) => {
    const { site, runner } = await setUp([]);
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
    const { site, runner } = await setUp([], { names: [addresses] });
    expect(await runner.run(request())).toMatchObject({ kind: 'refused' });
    expect(site.dialled).toEqual([]);
  });

  test('is looked up once: a name that leads elsewhere the next time is not asked again', async () => {
    const { site, runner, looked } = await setUp([reply(200, '{}')], {
      names: [at(PUBLIC_ADDRESS), at('127.0.0.1')],
    });
    expect(await runner.run(request())).toMatchObject({ kind: 'ok' });
    expect(looked).toHaveLength(1);
    expect(site.dialled.map(({ address }) => address)).toEqual([PUBLIC_ADDRESS]);
  });

  test('is also at the next address of the name, where the first takes no connection', async () => {
    const first = '2606:2800:21f:cb07:6820:80da:af6b:8b2c';
    const { site, runner } = await setUp([reply(200, '{}')], {
      names: [at(first, PUBLIC_ADDRESS)],
      down: [first],
    });
    expect(await runner.run(request())).toMatchObject({ kind: 'ok' });
    expect(site.dialled.map(({ address }) => address)).toEqual([first, PUBLIC_ADDRESS]);
  });

  test('is told from one that cannot be reached', async () => {
    const { runner } = await setUp([], { down: [PUBLIC_ADDRESS] });
    expect(await runner.run(request())).toEqual({
      kind: 'failed',
      text: 'The tool could not be reached. It did nothing.',
    });
  });

  test('is a server that proves its name', async () => {
    const { site, runner } = await setUp([reply(200, '{}')], { name: 'other.example.com' });
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
    const { site } = await setUp([reply(200, '{}')]);
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
