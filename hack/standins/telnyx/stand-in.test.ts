import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Telnyx, { APIConnectionError } from 'telnyx';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from './stand-in.ts';

describe('the account at the Telnyx stand-in, through the real SDK', () => {
  let standIn: TelnyxStandIn;
  let telnyx: Telnyx;

  beforeEach(async () => {
    standIn = await startTelnyxStandIn({ settings: { orderDelayMs: 5 } });
    telnyx = new Telnyx({ apiKey: standIn.apiKey, baseURL: standIn.url, maxRetries: 0 });
  });
  afterEach(() => standIn.stop());

  async function buy(number: string, reference = 'install/tenant-acme/main'): Promise<string> {
    const order = await telnyx.numberOrders.create({
      phone_numbers: [{ phone_number: number }],
      customer_reference: reference,
    });
    const id = order.data?.id ?? '';
    await expect.poll(async () => (await telnyx.numberOrders.retrieve(id)).data?.status).not.toBe('pending');
    return id;
  }

  test('a number is searched, ordered, found by its reference, assigned and released', async () => {
    const found = await telnyx.availablePhoneNumbers.list({
      filter: { country_code: 'US', national_destination_code: '212', features: ['voice', 'sms'], limit: 3 },
    });
    expect(found.data?.map((number) => number.phone_number)).toEqual([
      '+12125550100',
      '+12125550101',
      '+12125550102',
    ]);
    const application = await telnyx.callControlApplications.create({
      application_name: 'veralux',
      webhook_event_url: 'http://127.0.0.1:1/webhooks',
      webhook_api_version: '2',
    });
    await buy('+12125550100');

    const orders = await telnyx.numberOrders.list({
      filter: { customer_reference: 'install/tenant-acme/main' },
    });
    expect(orders.data.map((order) => order.status)).toEqual(['success']);
    const owned = await telnyx.phoneNumbers.list({
      filter: { customer_reference: 'install/tenant-acme/main' },
    });
    const id = owned.data[0]?.id ?? '';
    const connectionID = application.data?.id ?? '';
    await telnyx.phoneNumbers.update(id, { connection_id: connectionID });
    expect((await telnyx.phoneNumbers.retrieve(id)).data?.connection_id).toBe(connectionID);

    await telnyx.phoneNumbers.delete(id);
    await expect(telnyx.phoneNumbers.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  test('a bought number is no longer on offer, and ordering it again fails', async () => {
    await buy('+12125550100');
    const again = await buy('+12125550100', 'other');
    expect((await telnyx.numberOrders.retrieve(again)).data?.status).toBe('failure');
    const offered = await telnyx.availablePhoneNumbers.list({
      filter: { national_destination_code: '212', limit: 1 },
    });
    expect(offered.data?.[0]?.phone_number).toBe('+12125550101');
  });

  test.each([
    ['12125550100', 1],
    ['+12125550100', 0],
  ])('phone_numbers filtered by %s finds %i, since only digits are matched', async (filter, count) => {
    await buy('+12125550100');
    const found = await telnyx.phoneNumbers.list({ filter: { phone_number: filter } });
    expect(found.data).toHaveLength(count);
  });

  test('an order whose reply is lost is there all the same', async () => {
    standIn.control.faults.add({ at: 'POST /v2/number_orders', fault: { kind: 'loseReply' } });
    await expect(
      telnyx.numberOrders.create({
        phone_numbers: [{ phone_number: '+12125550100' }],
        customer_reference: 'r',
      }),
    ).rejects.toThrow(APIConnectionError);
    const orders = await telnyx.numberOrders.list({ filter: { customer_reference: 'r' } });
    expect(orders.data).toHaveLength(1);
  });

  test('a fault of count 1 strikes once: the SDK that may retry gets through', async () => {
    standIn.control.faults.add({ at: 'GET /v2/phone_numbers', fault: { kind: 'status', status: 503 } });
    const found = await telnyx.phoneNumbers.list({}, { maxRetries: 1 });
    expect(found.data).toEqual([]);
    expect(standIn.control.requests().map((request) => request.status)).toEqual([503, 200]);
  });

  test('an order can be made to fail', async () => {
    standIn.control.faults.add({ at: 'order', fault: { kind: 'fail' } });
    const id = await buy('+12125550100');
    expect((await telnyx.numberOrders.retrieve(id)).data?.status).toBe('failure');
    expect((await telnyx.phoneNumbers.list()).data).toEqual([]);
  });

  test.each([
    ['a wrong key', { authorization: 'Bearer wrong' }, '/phone_numbers', 401, '10009'],
    ['an unknown path', {}, '/nothing', 404, '10005'],
    ['an unknown filter', {}, '/phone_numbers?filter[colour]=red', 422, '10015'],
  ])('%s gets Telnyx’s error', async (...[, headers, path, status, code]) => {
    const reply = await fetch(standIn.url + path, {
      headers: { authorization: `Bearer ${standIn.apiKey}`, ...headers },
    });
    expect(reply.status).toBe(status);
    expect(await reply.json()).toMatchObject({ errors: [{ code }] });
  });

  test('an unknown field in a body is refused and named', async () => {
    const reply = await fetch(`${standIn.url}/number_orders`, {
      method: 'POST',
      headers: { authorization: `Bearer ${standIn.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ phone_numbers: [{ phone_number: '+12125550100' }], idempotency_key: 'x' }),
    });
    expect(reply.status).toBe(422);
    expect(await reply.json()).toMatchObject({ errors: [{ source: { pointer: '/idempotency_key' } }] });
  });

  test('above the rate limit there is 429 with 10011 and the headers tell', async () => {
    // On the system's clock the two requests could fall into different seconds.
    const limited = await startTelnyxStandIn({
      settings: { requestsPerSecond: 1, commandDelayMs: 0 },
      clock: new FakeClock(),
    });
    const ask = () =>
      fetch(`${limited.url}/phone_numbers`, { headers: { authorization: `Bearer ${limited.apiKey}` } });
    expect((await ask()).status).toBe(200);
    const reply = await ask();
    await limited.stop();
    expect([reply.status, reply.headers.get('x-ratelimit-remaining')]).toEqual([429, '0']);
  });

  test('what the account owns outlives a restart, also the order that was pending', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'veralux-standin-'));
    const stateFile = join(folder, 'state.json');
    try {
      const first = await startTelnyxStandIn({ stateFile, settings: { orderDelayMs: 60_000 } });
      const before = new Telnyx({ apiKey: first.apiKey, baseURL: first.url });
      await before.numberOrders.create({ phone_numbers: [{ phone_number: '+12125550100' }] });
      await first.stop();

      const second = await startTelnyxStandIn({ stateFile, settings: { orderDelayMs: 0 } });
      const after = new Telnyx({ apiKey: second.apiKey, baseURL: second.url });
      await expect
        .poll(async () => (await after.phoneNumbers.list()).data.map((number) => number.phone_number))
        .toEqual(['+12125550100']);
      expect(second.publicKey).toBe(first.publicKey);
      await second.stop();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
