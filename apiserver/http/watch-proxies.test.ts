import express from 'express';
import { describe, expect, test } from 'vitest';
import { HttpServer } from '#lib/http/http-server.ts';
import { createLogger, silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { watchProxies } from './watch-proxies.ts';

describe('X-Forwarded-For', () => {
  test.each<[string, number | string[], boolean, number]>([
    ['of a peer that is no trusted proxy', 0, true, 2],
    ['of a proxy outside of the networks that are trusted', ['192.0.2.0/24'], true, 2],
    ['of a trusted proxy', 1, true, 0],
    ['of a proxy in a trusted network', ['127.0.0.0/8'], true, 0],
    ['that was not sent', 0, false, 0],
  ])('%s is counted as it should be, and logged once', async (_what, trusted, isSent, count) => {
    const registry = createRegistry('test');
    const logged: string[] = [];
    const log = createLogger('test', 'warn', { write: (line) => void logged.push(line) });
    const app = express().set('trust proxy', trusted).use(watchProxies(registry, log));
    app.use((_request, response) => void response.end());
    const server = new HttpServer({
      name: 'x',
      host: '127.0.0.1',
      port: 0,
      listener: app,
      log: silentLogger,
    });
    await server.start(() => undefined);
    const headers: Record<string, string> = isSent ? { 'x-forwarded-for': '203.0.113.7' } : {};
    for (let asked = 0; asked < 2; asked += 1) await fetch(`http://127.0.0.1:${server.port}/`, { headers });
    await server.stop();
    const text = await registry.metrics();
    expect(/^veralux_http_forwarded_untrusted_total\{.*\} (\d+)$/m.exec(text)?.[1]).toBe(String(count));
    expect(logged).toHaveLength(Math.min(1, count));
  });
});
