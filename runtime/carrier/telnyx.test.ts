import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { TelnyxCarrier } from './telnyx.ts';

let server: Server;
/** How many requests the carrier still refuses for its rate. */
let refusals: number;

beforeEach(async () => {
  refusals = 1;
  server = createServer((_request, response) => {
    const refused = refusals-- > 0;
    const headers = { 'content-type': 'application/json', 'retry-after': '0.3' };
    response.writeHead(refused ? 429 : 200, headers).end(refused ? '{"errors":[]}' : '{"data":{}}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

function carrierWith(metrics: RuntimeMetrics): TelnyxCarrier {
  return new TelnyxCarrier({
    apiKey: 'KEY',
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`,
    stream: { codec: 'PCMU', sampleRate: 8_000, targetLegs: 'opposite' },
    applicationID: undefined,
    log: silentLogger,
    clock: systemClock,
    metrics,
  });
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('nobody is dialled before the application is known whose legs they are', async () => {
  refusals = 0;
  const carrier = carrierWith(createRuntimeMetrics(createRegistry('test')));
  const command = {
    commandID: 'dial',
    carrierCallID: 'v3:caller',
    to: '+15550100777',
    from: '+15550100002',
    timeoutSeconds: 30,
    timeLimitSeconds: 60,
    legClientState: '',
  };
  expect(await carrier.dial(command)).toEqual({ result: 'Unreachable' });
  carrier.noteApplication('the application');
  // This carrier's reply does not name the leg: its webhooks do.
  expect(await carrier.dial(command)).toEqual({ result: 'Done', legCallID: undefined });
});

test('how many commands wait for the rate of the carrier is told, and that none does any more', async () => {
  const metrics = createRuntimeMetrics(createRegistry('test'));
  const carrier = carrierWith(metrics);
  const hangUp = (call: string) =>
    carrier.send({ step: 'hangup', carrierCallID: call, commandID: `hangup/${call}` });
  const waiting = async () => (await metrics.carrierWaiting.get()).values[0]?.value;

  const refused = hangUp('v3:refused');
  await expect.poll(waiting).toBe(1);
  const others = [hangUp('v3:1'), hangUp('v3:2')];
  expect(await waiting()).toBe(3);
  expect(await Promise.all([refused, ...others])).toEqual(['Done', 'Done', 'Done']);
  expect(await waiting()).toBe(0);
});
