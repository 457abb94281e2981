import { writeFileSync } from 'node:fs';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TENANT } from '#crds/tenant/tenant.ts';
import { freePort } from '#hack/local/free-port.ts';
import { FaultyProxy } from '#hack/testing/faulty-proxy.ts';
import { conditionOf, OperatorBench, type Shown, WAIT } from '#hack/testing/operator-bench.ts';
import { loadConfig } from '#lib/config/config.ts';
import { operatorOptions } from './config.ts';
import { runOperator } from './run-operator.ts';

/** The program as it starts, while what it needs is away. */
let bench: OperatorBench;

beforeAll(async () => {
  bench = await OperatorBench.open();
});

afterAll(async () => {
  await bench.close();
});

test('starts without Redis and without an API server, says what it waits for, and goes on', async () => {
  const proxy = await FaultyProxy.start(bench.account);
  const revive = proxy.rules.add({ fault: { kind: 'drop' }, times: 1_000_000 });
  const kubeconfig = join(bench.cluster.directory, 'start.kubeconfig');
  writeFileSync(kubeconfig, proxy.kubeConfig(bench.account).exportConfig(), { mode: 0o600 });
  const redisPort = await freePort();
  const port = await freePort();
  const config = loadConfig(operatorOptions, {
    KUBECONFIG: kubeconfig,
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    TELNYX_BASE_URL: bench.telnyx.url,
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_LEVEL: 'error',
  });
  const ending = new AbortController();
  const exited = runOperator(config, ending.signal);
  const ready = async () => {
    const reply = await fetch(`http://127.0.0.1:${port}/readyz`);
    return `${reply.status} ${await reply.text()}`;
  };
  await vi.waitFor(async () => expect(await ready()).toMatch(/^503 the installation cannot be read/), WAIT);

  revive();
  const name = 'start-without-redis';
  await bench.applyTenant(name, {});
  const waiting = await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady');
  expect(conditionOf(waiting, 'ProfileProjected')).toMatchObject({ reason: 'RedisUnavailable' });
  expect(await ready()).toBe('503 Redis has not been compared yet\n');

  const redis = await forward(redisPort, Number(new URL(bench.testRedis.url).port));
  await bench.until(TENANT, { name }, 'ProfileProjected', 'Projected');
  expect(await bench.profileOf(await bench.admin.get<Shown>(TENANT, { name }))).toMatchObject({ name });
  await vi.waitFor(async () => expect(await ready()).toBe('200 ok\n'), WAIT);

  ending.abort();
  expect(await exited).toBe(0);
  redis.close();
  await proxy.close();
});

/** Makes a port on loopback lead to another. */
async function forward(from: number, to: number): Promise<{ close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const other = tcpConnect(to, '127.0.0.1');
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => two.destroy()).pipe(two);
    }
  });
  await new Promise<void>((resolve) => server.listen(from, '127.0.0.1', resolve));
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
