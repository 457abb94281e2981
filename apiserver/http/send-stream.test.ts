import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import { createLogger, silentLogger } from '#lib/log/logger.ts';
import { until } from '../testing/until.ts';
import { sendStream } from './send-stream.ts';

const RECHECK_MS = 10_000;
const DEADLINE_MS = 600_000;

describe('a streamed reply', () => {
  let clock: FakeClock;
  let server: HttpServer;
  let stillMay: () => Promise<boolean>;
  let logged: string[];
  let isOver: boolean;
  let isReleased: boolean;

  beforeEach(async () => {
    clock = new FakeClock();
    stillMay = async () => true;
    logged = [];
    [isOver, isReleased] = [false, false];
    const log = createLogger('test', 'warn', { write: (line) => void logged.push(line) });
    const app = express().get('/', async (_request, response) => {
      const ending = new AbortController();
      response.once('close', () => ending.abort());
      const body = { type: 'text/csv', chunks: endless(), deadlineMs: DEADLINE_MS } as const;
      const options = { clock, log, ending, stillMay: () => stillMay(), recheckMs: RECHECK_MS };
      await sendStream(response, body, options);
      isOver = true;
    });
    server = new HttpServer({ name: 'x', host: '127.0.0.1', port: 0, listener: app, log: silentLogger });
    await server.start(() => undefined);
  });
  afterEach(async () => {
    await server.stop();
    expect(clock.pending).toBe(0);
  });

  /** More than any buffer holds, so that it waits for a client that takes nothing. */
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) yield 'x'.repeat(100_000);
    } finally {
      isReleased = true;
    }
  }

  test.each<[string, () => void, number, number]>([
    ['its deadline is over, though the client has it trickle', () => undefined, DEADLINE_MS, 0],
    [
      'whoever asked may not have it any more',
      () => {
        stillMay = async () => false;
      },
      RECHECK_MS,
      0,
    ],
    [
      'it cannot be found out whether they may, which is logged',
      () => {
        stillMay = () => Promise.reject(new Error('a fault'));
      },
      RECHECK_MS,
      1,
    ],
  ])('ends, and gives its place back, once %s', async (_why, happen, afterMs, logs) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`);
    happen();
    await until(async () => (clock.pending > 0 ? true : undefined));
    for (let passed = 0; passed < afterMs; passed += RECHECK_MS) {
      expect(isOver).toBe(false);
      await clock.advance(RECHECK_MS);
    }
    await until(async () => (isOver ? true : undefined));
    expect(isReleased).toBe(true);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(logged).toHaveLength(logs);
  });
});
