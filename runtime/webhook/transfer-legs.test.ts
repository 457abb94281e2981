import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { CallEvent } from '#runtime/call/call-event.ts';
import type { Carrier, CarrierCommand } from '#runtime/carrier/carrier.ts';
import type { ClientState } from '#runtime/carrier/client-state.ts';
import { asked, decided, legAnswered, legDialled, result, run, talking } from '#runtime/testing/call-life.ts';
import { type CarrierWebhook, parseCarrierWebhook } from './carrier-webhook.ts';
import { TransferLegs } from './transfer-legs.ts';

const LEG: ClientState = {
  tenantID: '6f1c1d1e-0000-4000-8000-0000000000aa',
  callID: '6f1c1d1e-0000-4000-8000-0000000000bb',
  shard: 's00',
  generation: 7,
  leg: true,
  asked: true,
};

/** A webhook of such a leg, as it came. */
function webhookOf(event: string, payload: object): CarrierWebhook {
  const data = { id: 'w', event_type: event, occurred_at: new Date(0).toISOString(), payload };
  const webhook = parseCarrierWebhook(Buffer.from(JSON.stringify({ data })));
  if (!webhook) throw new Error('this is no webhook');
  return webhook;
}

/** The event of its call that a webhook of such a leg is. */
async function eventOf(event: string, payload: object): Promise<CallEvent | undefined> {
  let taken: CallEvent | undefined;
  const legs = new TransferLegs({
    advancer: {
      advance: async ({ event: told }) => {
        taken = told;
        return { outcome: 'Ignored', call: undefined, version: 0 };
      },
    },
    carrier: {} as Carrier,
    log: silentLogger,
    clock: new FakeClock(0),
  });
  await legs.take(webhookOf(event, payload), 'v3:leg', LEG);
  return taken;
}

test.each([
  ['the key that takes the call', { digits: '1', status: 'valid' }, 'Accepted'],
  ['the key that declines it', { digits: '2', status: 'valid' }, 'Declined'],
  ['another key', { digits: '5', status: 'invalid' }, 'NoAnswer'],
  ['no key in time', { digits: '', status: 'timeout' }, 'NoAnswer'],
  ['no key, and all the same not as too late', { digits: '', status: 'valid' }, 'NoAnswer'],
  ['no key, as something else was begun', { digits: '', status: 'cancelled' }, 'NoAnswer'],
  ['no key, as a machine answered', { digits: '', status: 'cancelled_amd' }, 'NoAnswer'],
  ['a key, although cancelled', { digits: '1', status: 'cancelled' }, 'Accepted'],
])('a question that ends with %s', async (_, payload, decision) => {
  expect(await eventOf('call.gather.ended', payload)).toMatchObject({
    kind: 'legDecided',
    legCallID: 'v3:leg',
    generation: 7,
    decision,
  });
});

test('a question that ends with its leg, and a key that is none of its own, say nothing', async () => {
  expect(await eventOf('call.gather.ended', { digits: '', status: 'call_hangup' })).toBeUndefined();
  expect(await eventOf('call.dtmf.received', { digit: '5' })).toBeUndefined();
});

test.each<[string, number, readonly string[]]>([
  ['of a call that ends it itself keeps nobody waiting', 0, []],
  ['of an earlier transfer is ended', 1, ['hangup']],
])('the leg of a person who declined, and %s', async (_, earlierBy, ended) => {
  const { call } = run(...talking, asked, result, legDialled, legAnswered, result, decided('Declined'));
  const sent: string[] = [];
  const legs = new TransferLegs({
    advancer: { advance: async () => ({ outcome: 'Stored', call, version: 1 }) },
    carrier: {
      send: async ({ step }: CarrierCommand) => {
        sent.push(step);
        return 'Done';
      },
    } as Carrier,
    log: silentLogger,
    clock: new FakeClock(0),
  });
  const generation = (call?.record.transfer?.generation ?? 0) - earlierBy;
  const leg = earlierBy === 0 ? 'v3:leg' : 'v3:earlier';
  const declined = webhookOf('call.gather.ended', { digits: '2', status: 'valid' });
  expect(await legs.take(declined, leg, { ...LEG, generation })).toBe(call);
  expect(sent).toEqual(ended);
});
