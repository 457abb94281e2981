import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { BodyReader, MAX_BODY_BYTES } from './body-reader.ts';

type Body = PassThrough & IncomingMessage;

function bodyOf(headers: Record<string, string> = {}): Body {
  return Object.assign(new PassThrough(), { headers }) as unknown as Body;
}

test('a body is read as it came, in however many parts', async () => {
  const clock = new FakeClock();
  const body = bodyOf();
  const reading = new BodyReader(clock).read(body);
  body.write('{"a":');
  body.end('1}');
  expect(String(await reading)).toBe('{"a":1}');
  expect(clock.pending).toBe(0);
});

test('a body that says it is too large is not read at all', async () => {
  const body = bodyOf({ 'content-length': String(MAX_BODY_BYTES + 1) });
  expect(await new BodyReader(new FakeClock()).read(body)).toBe('TooLarge');
  expect(body.listenerCount('data')).toBe(0);
});

test('a body that grows too large is given up at that byte', async () => {
  const body = bodyOf();
  const reading = new BodyReader(new FakeClock()).read(body);
  body.write(Buffer.alloc(MAX_BODY_BYTES));
  body.write('x');
  expect(await reading).toBe('TooLarge');
});

test('a body that comes drop by drop is given up after three seconds', async () => {
  const clock = new FakeClock();
  const body = bodyOf();
  const reading = new BodyReader(clock).read(body);
  for (let second = 0; second < 3; second += 1) {
    body.write('x');
    await clock.advance(1_000);
  }
  expect(await reading).toBe('TooSlow');
});

test('a peer that goes away in the middle is told apart', async () => {
  const body = bodyOf();
  const reading = new BodyReader(new FakeClock()).read(body);
  body.destroy(new Error('reset'));
  expect(await reading).toBe('Aborted');
});

test('a flood of slow bodies gives up its oldest, and a quick one is read all the same', async () => {
  const reader = new BodyReader(new FakeClock());
  const slow = Array.from({ length: 600 }, () => reader.read(bodyOf()));
  expect(await Promise.all(slow.slice(0, 88))).toEqual(Array.from({ length: 88 }, () => 'TooSlow'));
  const quick = bodyOf();
  const reading = reader.read(quick);
  quick.end('{}');
  expect(String(await reading)).toBe('{}');
});
