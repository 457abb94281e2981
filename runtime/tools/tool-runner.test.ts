import { afterEach, describe, expect, test } from 'vitest';
import { PUBLIC_ADDRESS, reply, SITE, type SiteAnswer } from '#hack/testing/https-site.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { createLogger } from '#lib/log/logger.ts';
import { closeSites, request, setUpTools } from './fakes/tools-in-test.ts';

afterEach(closeSites);

describe('a call of a tool', () => {
  test('is one POST of its arguments, to the address that was checked, and answers what the tool says', async () => {
    const { site, runner, outcomes, looked } = await setUpTools([reply(200, '{"at":"10:00"}')]);
    expect(await runner.run(request())).toEqual({ kind: 'ok', text: '{"at":"10:00"}' });
    expect(site.requests).toHaveLength(1);
    expect(site.requests[0]).toMatchObject({ method: 'POST', path: '/book?v=1', body: '{"day":"Monday"}' });
    expect(site.requests[0]?.headers).toMatchObject({ host: SITE, 'content-type': 'application/json' });
    expect(site.dialled).toEqual([{ address: PUBLIC_ADDRESS, port: 443, hostname: SITE }]);
    expect(looked).toEqual([`${SITE}.`]);
    expect(outcomes).toEqual(['ok']);
  });

  test('has a key by which a repeat of it, and of it alone, is known', async () => {
    const { site, runner } = await setUpTools(Array.from({ length: 4 }, () => reply(200, '{}')));
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
    const { site, runner, outcomes } = await setUpTools([]);
    const outcome = await runner.run(request({}, args));
    expect(outcome.kind).toBe('refused');
    expect(outcome.text).toContain(`The arguments do not fit. ${words}`);
    expect(site.dialled).toEqual([]);
    expect(outcomes).toEqual(['refused']);
  });

  test('of a tool whose token is not there is refused', async () => {
    const { site, runner } = await setUpTools([]);
    const outcome = await runner.run(request({ secretRef: { name: 'booking' } }));
    expect(outcome).toEqual({ kind: 'refused', text: expect.stringContaining('token') });
    expect(site.dialled).toEqual([]);
  });

  test('of a tool with a token carries it, and no other does', async () => {
    const { site, runner } = await setUpTools([reply(200, '{}'), reply(200, '{}')]);
    await runner.run({ ...request({ secretRef: { name: 'booking' } }), token: 'sesame' });
    await runner.run(request());
    expect(site.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer sesame', undefined]);
  });

  test('leaves a line with what is nobody’s secret', async () => {
    const lines: string[] = [];
    const log = createLogger('test', 'info', { write: (line) => void lines.push(line) });
    const { runner } = await setUpTools([reply(500, '{"caller":"Ann"}')], { log });
    await runner.run({ ...request({ secretRef: { name: 'booking' } }, { day: 'Ann' }), token: 'sesame' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      call: 'c-1',
      tool: 'book',
      outcome: 'failed',
      status: 500,
    });
    expect(lines.join('')).not.toMatch(/Ann|example\.com|sesame/);
  });
});

describe('what a tool answers', () => {
  test.each<[string, SiteAnswer, string, string]>([
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
    const { site, runner } = await setUpTools([answer, reply(200, '{}')]);
    const outcome = await runner.run(request());
    expect(outcome).toMatchObject({ kind, text: expect.stringContaining(words) });
    expect(site.requests).toHaveLength(1);
    expect(site.dialled).toHaveLength(1);
  });

  test('is not waited for beyond its time, nor asked for again', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    const { site, runner } = await setUpTools([() => asked.resolve()], { clock });
    const running = runner.run(request({ timeoutSeconds: 3 }));
    await asked.promise;
    await clock.advance(3_000);
    expect(await running).toMatchObject({ kind: 'timedOut', text: expect.stringContaining('not known') });
    expect(site.requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('may break off, and is not asked for again', async () => {
    const { site, runner } = await setUpTools([(response) => void response.destroy(), reply(200, '{}')]);
    expect(await runner.run(request())).toMatchObject({
      kind: 'failed',
      text: expect.stringContaining('not known'),
    });
    expect(site.requests).toHaveLength(1);
  });
});
