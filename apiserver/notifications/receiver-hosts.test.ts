import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { ReceiverHosts } from './receiver-hosts.ts';

const HOST = 'hooks.example.com';

function hosts() {
  const clock = new FakeClock();
  const hosts = new ReceiverHosts(clock);
  const silent = (...tenants: string[]) => {
    for (const tenant of tenants) hosts.note(HOST, tenant, false);
  };
  return { clock, hosts, silent };
}

test('a host that is silent to three tenants is left in peace, and no other', () => {
  const { hosts: seen, silent } = hosts();
  silent('a', 'b');
  expect(seen.isPaused(HOST)).toBe(false);
  silent('c');
  expect(seen.isPaused(HOST)).toBe(true);
  expect(seen.isPaused('other.example.com')).toBe(false);
});

test('one tenant alone pauses no host, however often it meets silence', () => {
  const { hosts: seen, silent } = hosts();
  silent(...Array<string>(1_000).fill('a'));
  expect(seen.isPaused(HOST)).toBe(false);
});

test('an answer ends it, and what was before is forgotten', () => {
  const { hosts: seen, silent } = hosts();
  silent('a', 'b', 'c');
  seen.note(HOST, 'd', true);
  expect(seen.isPaused(HOST)).toBe(false);
  silent('a', 'b');
  expect(seen.isPaused(HOST)).toBe(false);
});

test('it is asked again after some seconds, and after a minute at most', async () => {
  const { clock, hosts: seen, silent } = hosts();
  silent('a', 'b', 'c');
  await clock.advance(5_001);
  expect(seen.isPaused(HOST)).toBe(false);
  for (let more = 0; more < 20; more += 1) silent('a');
  await clock.advance(29_000);
  expect(seen.isPaused(HOST)).toBe(true);
  await clock.advance(31_001);
  expect(seen.isPaused(HOST)).toBe(false);
});

test('of more hosts than are kept the one that failed longest ago is forgotten', () => {
  const { hosts: seen, silent } = hosts();
  silent('a', 'b', 'c');
  for (let other = 0; other < 10_000; other += 1) seen.note(`h${other}.example.com`, 'a', false);
  expect(seen.isPaused(HOST)).toBe(false);
});
