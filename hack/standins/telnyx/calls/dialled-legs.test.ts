import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTelnyxStandIn, type TelnyxStandIn } from '../stand-in.ts';
import { TestingProduct } from '../testing-product.ts';
import type { Destination } from './destinations.ts';

const NUMBER = '+12125550100';
const PERSON = '+13125550177';
const STATE = Buffer.from('a leg').toString('base64');
const ask = { payload: 'Press 1.', voice: 'female', maximum_digits: 1, maximum_tries: 1, valid_digits: '12' };

describe('a leg that is dialled for itself', () => {
  let standIn: TelnyxStandIn;
  let product: TestingProduct;
  let caller: string;

  beforeEach(async () => {
    standIn = await startTelnyxStandIn({
      settings: { orderDelayMs: 0, commandDelayMs: 1, webhookDelayMs: 1, webhookRetryMs: 1 },
    });
    product = new TestingProduct(standIn);
    await product.start();
    await product.answerFor(NUMBER);
    await expect.poll(async () => (await product.telnyx.phoneNumbers.list()).data.length).toBe(1);
    caller = standIn.control.placeCall({ from: '+13125550111', to: NUMBER }).callControlID;
    await expect.poll(() => product.events).toContain('call.initiated');
    await product.telnyx.calls.actions.answer(caller, {});
  });
  afterEach(async () => {
    product.stop();
    await standIn.stop();
  });

  async function dial(extra: object = {}): Promise<string> {
    const { data } = await product.telnyx.calls.dial({
      connection_id: standIn.control.call(caller).connectionID,
      from: NUMBER,
      to: PERSON,
      link_to: caller,
      client_state: STATE,
      ...extra,
    });
    return data?.call_control_id ?? '';
  }

  async function answered(destination: Destination = { kind: 'answers', afterMs: 1 }): Promise<string> {
    standIn.control.setDestination(PERSON, destination);
    const leg = await dial();
    await expect.poll(() => standIn.control.call(leg).state).toBe('answered');
    return leg;
  }

  const bridge = (leg: string) =>
    product.telnyx.calls.actions.bridge(caller, { call_control_id_to_bridge_with: leg });

  const gathered = () =>
    product.webhooks
      .filter(({ eventType }) => eventType === 'call.gather.ended')
      .map(({ payload }) => payload);

  const refusalOf = (code: string) => ({ status: 422, error: { errors: [{ code }] } });

  test('shares the session of the call that it is linked to, and carries its own state in all that is told', async () => {
    const leg = await answered();
    const { callSessionID, from, direction } = standIn.control.call(leg);
    expect([callSessionID, from, direction]).toEqual([
      standIn.control.call(caller).callSessionID,
      NUMBER,
      'outgoing',
    ]);
    await expect
      .poll(() => product.webhooks.filter(({ payload }) => payload['client_state'] === STATE))
      .toHaveLength(2);
  });

  test('is dialled once under one command_id, and the repeat names it', async () => {
    standIn.control.setDestination(PERSON, { kind: 'noAnswer' });
    const leg = await dial({ command_id: 'dial' });
    expect(await dial({ command_id: 'dial' })).toBe(leg);
    expect(await dial({ command_id: 'another' })).not.toBe(leg);
  });

  test.each([
    ['a caller id that is not ours', { from: '+12125550199' }, 422],
    ['a link to a call that is not known', { link_to: 'v3:nothing' }, 422],
    ['an application that is not known', { connection_id: 'nothing' }, 404],
    ["a bridge of the carrier's own making", { bridge_on_answer: true }, 422],
  ])('%s is refused', async (_, extra, status) => {
    await expect(dial(extra)).rejects.toMatchObject({ status });
  });

  test('stays up when the call that it is linked to ends, unless the two are bridged', async () => {
    const leg = await answered();
    standIn.control.callerHangsUp(caller);
    expect(standIn.control.call(leg).state).toBe('answered');
    await expect(bridge(leg)).rejects.toMatchObject(refusalOf('90018'));
    await product.telnyx.calls.actions.hangup(leg, {});
    expect(standIn.control.call(leg).state).toBe('ended');
  });

  test('is bridged once it was answered, and then each ends with the other', async () => {
    standIn.control.setDestination(PERSON, { kind: 'noAnswer' });
    await expect(bridge(await dial())).rejects.toMatchObject(refusalOf('90034'));
    const leg = await answered();
    await bridge(leg);
    expect([standIn.control.call(caller).state, standIn.control.call(leg).state]).toEqual([
      'bridged',
      'bridged',
    ]);
    await expect.poll(() => product.events.filter((event) => event === 'call.bridged')).toHaveLength(2);
    await expect(bridge(leg)).rejects.toMatchObject({ status: 422 });
    standIn.control.callerHangsUp(caller);
    expect(standIn.control.call(leg).state).toBe('ended');
  });

  test.each<[string, string, object]>([
    ['a valid key', '1', { digits: '1', status: 'valid' }],
    ['another key', '7', { digits: '7', status: 'invalid' }],
  ])('is asked for keys and tells of %s, by itself too', async (_, presses, told) => {
    const leg = await answered({ kind: 'answers', afterMs: 1, presses, pressesAfterMs: 5 });
    await product.telnyx.calls.actions.gatherUsingSpeak(leg, ask);
    await expect.poll(gathered).toMatchObject([told]);
    expect(product.events).toContain('call.dtmf.received');
    expect(standIn.control.call(leg).spoken).toEqual(['Press 1.']);
  });

  test('is asked as often as is wanted where no key comes', async () => {
    const leg = await answered();
    await product.telnyx.calls.actions.gatherUsingSpeak(leg, {
      ...ask,
      payload: '?',
      maximum_tries: 2,
      timeout_millis: 5,
    });
    await expect.poll(gathered).toMatchObject([{ digits: '', status: 'timeout' }]);
    expect(standIn.control.call(leg).spoken).toEqual(['?', '?']);
  });

  test('is asked one thing at a time, and nothing any more once it ends or is bridged', async () => {
    const leg = await answered();
    await product.telnyx.calls.actions.gatherUsingSpeak(leg, ask);
    await expect(product.telnyx.calls.actions.gatherUsingSpeak(leg, ask)).rejects.toMatchObject({
      status: 422,
    });
    await bridge(leg);
    await expect.poll(gathered).toMatchObject([{ status: 'cancelled' }]);
    const other = await dial();
    await expect.poll(() => standIn.control.call(other).state).toBe('answered');
    await product.telnyx.calls.actions.gatherUsingSpeak(other, ask);
    await product.telnyx.calls.actions.hangup(other, {});
    await expect.poll(gathered).toMatchObject([{ status: 'cancelled' }, { status: 'call_hangup' }]);
  });

  test('a key that ends an entry is no part of it, and a pause ends one, too', async () => {
    const leg = await answered();
    const keys = { ...ask, maximum_digits: 4, valid_digits: '0123456789', inter_digit_timeout_millis: 300 };
    await product.telnyx.calls.actions.gatherUsingSpeak(leg, keys);
    standIn.control.press(leg, '12#');
    await expect.poll(gathered).toMatchObject([{ digits: '12', status: 'valid' }]);
    await product.telnyx.calls.actions.gatherUsingSpeak(leg, keys);
    standIn.control.press(leg, '3');
    await expect.poll(gathered).toMatchObject([{ digits: '12' }, { digits: '3', status: 'valid' }]);
  });
});
