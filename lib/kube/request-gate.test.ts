import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { RequestGate } from './request-gate.ts';

function create() {
  const clock = new FakeClock();
  const gate = new RequestGate(clock, () => 1);
  const passed: string[] = [];
  const pass = (kind: string, name: string, signal?: AbortSignal) =>
    gate.pass(kind, signal).then(() => passed.push(name));
  return { clock, gate, passed, pass };
}

test('requests pass at once until the server refuses one', async () => {
  const { passed, pass } = create();
  await pass('/secrets', 'a');
  expect(passed).toEqual(['a']);
});

test('requests of the kind wait until the server takes them again, spread over half a second', async () => {
  const { clock, gate, passed, pass } = create();
  gate.close('/secrets', 2_000);
  const waiting = [pass('/secrets', 'a'), pass('/secrets', 'b')];
  await clock.advance(2_499);
  expect(passed).toEqual([]);
  await clock.advance(1);
  await Promise.all(waiting);
  expect(passed).toEqual(['a', 'b']);
});

test('requests of another kind, such as a Lease, do not wait', async () => {
  const { gate, passed, pass } = create();
  gate.close('/secrets', 2_000);
  await pass('coordination.k8s.io/leases', 'renewal');
  expect(passed).toEqual(['renewal']);
});

test('a request that waits hears of a second refusal, and waits on', async () => {
  const { clock, gate, passed, pass } = create();
  gate.close('/secrets', 1_000);
  const waiting = pass('/secrets', 'a');
  await clock.advance(900);
  gate.close('/secrets', 5_000);
  await clock.advance(5_000);
  expect(passed).toEqual([]);
  await clock.advance(500);
  await waiting;
});

test('no request waits longer than half a minute, whatever the server asks for', async () => {
  const { clock, gate, pass } = create();
  gate.close('/secrets', 86_400_000);
  const waiting = pass('/secrets', 'a');
  await clock.advance(30_500);
  await waiting;
});

test('a request that is given up waits no longer', async () => {
  const { clock, gate, pass } = create();
  gate.close('/secrets', 2_000);
  const ending = new AbortController();
  const waiting = pass('/secrets', 'a', ending.signal);
  ending.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
  expect(clock.pending).toBe(0);
});

test('the queue is bounded', async () => {
  const { clock, gate } = create();
  gate.close('/secrets', 2_000);
  const waiting = Array.from({ length: 1_000 }, () => gate.pass('/secrets', undefined));
  await expect(gate.pass('/secrets', undefined)).rejects.toMatchObject({
    reason: 'TooManyRequests',
    retryable: true,
  });
  await clock.advance(2_500);
  await Promise.all(waiting);
});
