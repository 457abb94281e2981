import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { type WriteFence, WriteFenced } from '#lib/kube/write-fence.ts';
import { CarrierError } from './number-carrier.ts';
import { TelnyxCarrier } from './telnyx.ts';

const APPLICATION = { name: 'veralux', webhookURL: 'http://127.0.0.1:1/webhooks/telnyx' };

const claim = () => undefined;

class Fence implements WriteFence {
  isHeld = true;
  readonly waiting = new Set<() => void>();

  onLapse(lapsed: () => void): () => void {
    this.waiting.add(lapsed);
    return () => this.waiting.delete(lapsed);
  }

  lapse(): void {
    this.isHeld = false;
    for (const lapsed of this.waiting) lapsed();
  }
}

describe('Telnyx as a carrier of numbers', () => {
  let standIn: TelnyxStandIn;
  let carrier: TelnyxCarrier;
  let fence: Fence;

  beforeEach(async () => {
    standIn = await startTelnyxStandIn({ settings: { orderDelayMs: 1 } });
    fence = new Fence();
    carrier = new TelnyxCarrier({ apiKey: standIn.apiKey, baseURL: standIn.url, fence });
  });
  afterEach(() => standIn.stop());

  test('a number is found, ordered, assigned and released under our reference', async () => {
    const search = { countryCode: 'US', areaCode: '312', features: ['Voice' as const], limit: 2 };
    const [number = ''] = await carrier.search(search);
    const order = await carrier.order({ number, reference: 'i/ns/main' });
    await expect.poll(async () => (await carrier.findOrders('i/ns/main'))[0]?.status).toBe('Success');
    expect((await carrier.findOrders('i/ns/main')).map(({ id }) => id)).toEqual([order.id]);
    const { connectionID } = await carrier.ensureApplication(APPLICATION, claim);
    const owned = await carrier.findOwned(number);
    await carrier.assign(owned?.id ?? '', { connectionID, reference: 'i/ns/other' });
    expect(await carrier.findOwnedByReference('i/ns/other')).toEqual([
      { id: owned?.id, number, isActive: true, connectionID, reference: 'i/ns/other' },
    ]);
    await carrier.release(owned?.id ?? '');
    await carrier.release(owned?.id ?? '');
    expect(await carrier.findOwned(number)).toBeUndefined();
  });

  test('a number that only contains the wanted one is another one', async () => {
    await carrier.order({ number: '+13125550100', reference: 'r' });
    await expect.poll(() => carrier.findOwned('+13125550100')).toBeDefined();
    expect(await carrier.findOwned('+3125550100')).toBeUndefined();
  });

  test('an application is made once, and put right when somebody changed it', async () => {
    const made = await carrier.ensureApplication(APPLICATION, claim);
    expect(made.change).toBe('Created');
    expect(await carrier.ensureApplication(APPLICATION, claim)).toEqual({ ...made, change: 'None' });
    const moved = { ...APPLICATION, webhookURL: 'http://127.0.0.1:2/webhooks/telnyx' };
    expect(await carrier.ensureApplication(moved, claim)).toEqual({ ...made, change: 'Corrected' });
    expect(await carrier.ensureApplication({ ...APPLICATION, name: 'veralux-2' }, claim)).toMatchObject({
      change: 'Created',
    });
  });

  test('an application that may not be had is left as it is', async () => {
    const { connectionID } = await carrier.ensureApplication(APPLICATION, claim);
    const moved = { ...APPLICATION, webhookURL: 'http://127.0.0.1:2/webhooks/telnyx' };
    const taken = (id: string) => {
      throw new Error(`${id} is another's`);
    };
    await expect(carrier.ensureApplication(moved, taken)).rejects.toThrow(`${connectionID} is another's`);
    expect(await carrier.ensureApplication(APPLICATION, claim)).toMatchObject({ change: 'None' });
  });

  test('an order whose reply is lost is not sent again', async () => {
    standIn.control.faults.add({ at: 'POST /v2/number_orders', fault: { kind: 'loseReply' }, count: 5 });
    await expect(carrier.order({ number: '+13125550100', reference: 'r' })).rejects.toMatchObject({
      kind: 'Unavailable',
    });
    expect(standIn.control.requests().filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test.each([
    [500, 'Unavailable'],
    [429, 'Unavailable'],
    [422, 'Refused'],
    [403, 'Refused'],
  ])('status %i is %s', async (status, kind) => {
    standIn.control.faults.add({ at: 'GET /v2/phone_numbers', fault: { kind: 'status', status } });
    const error: unknown = await carrier.findOwned('+13125550100').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CarrierError);
    expect(error).toMatchObject({ kind, retryable: kind === 'Unavailable' });
  });

  test('while the fence is not held it is read, and not one write is sent', async () => {
    await carrier.order({ number: '+13125550100', reference: 'r' });
    await expect.poll(() => carrier.findOwned('+13125550100')).toBeDefined();
    const { connectionID } = await carrier.ensureApplication(APPLICATION, claim);
    const { id = '' } = (await carrier.findOwned('+13125550100')) ?? {};
    const before = standIn.control.requests().length;
    fence.isHeld = false;
    const ended = await Promise.allSettled([
      carrier.order({ number: '+13125550101', reference: 'r' }),
      carrier.assign(id, { connectionID, reference: 'other' }),
      carrier.release(id),
      carrier.ensureApplication({ ...APPLICATION, name: 'veralux-2' }, claim),
      carrier.ensureApplication({ ...APPLICATION, webhookURL: 'http://127.0.0.1:2/webhooks/telnyx' }, claim),
    ]);
    const reasons = ended.map((end) => (end.status === 'rejected' ? end.reason : 'sent'));
    for (const reason of reasons) expect(reason).toBeInstanceOf(WriteFenced);
    expect(await carrier.findOwned('+13125550100')).toMatchObject({ id, reference: 'r' });
    const sent = standIn.control.requests().slice(before);
    expect(sent.map(({ method }) => method)).not.toContainEqual(expect.stringMatching(/POST|PATCH|DELETE/));
    expect(fence.waiting.size).toBe(0);
  });

  test('a write whose reply is outstanding when the fence lapses is given up', async () => {
    standIn.control.faults.add({ at: 'POST /v2/number_orders', fault: { kind: 'delay', delayMs: 30_000 } });
    const order = carrier.order({ number: '+13125550100', reference: 'r' });
    const refused = expect(order).rejects.toBeInstanceOf(WriteFenced);
    await expect.poll(() => fence.waiting.size).toBe(1);
    fence.lapse();
    await refused;
  });
});
