import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { watchSocket } from './watch-socket.ts';

function watched() {
  const clock = new FakeClock();
  let cuts = 0;
  const socket = Object.assign(new EventEmitter(), { terminate: () => (cuts += 1) });
  watchSocket(socket as unknown as WebSocket, { clock, log: silentLogger });
  return { clock, socket, cuts: () => cuts };
}

test('a socket without a frame for three seconds is cut', async () => {
  const { clock, socket, cuts } = watched();
  await clock.advance(2_900);
  socket.emit('message');
  await clock.advance(2_900);
  expect(cuts()).toBe(0);
  await clock.advance(300);
  expect(cuts()).toBe(1);
});

test('one whose frames were not read yet, because the process stood still, is not', async () => {
  const { clock, socket, cuts } = watched();
  // The timer fires before what waits in the socket is read.
  await clock.advance(3_000);
  socket.emit('message');
  await clock.advance(2_900);
  expect(cuts()).toBe(0);
});

test('nothing is left of one that was closed', async () => {
  const { clock, socket } = watched();
  socket.emit('close');
  expect(clock.pending).toBe(0);
});
