import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallRecord } from '#hack/standins/telnyx/calls/call-record.ts';
import { RuntimeFleet } from '#hack/testing/runtime-fleet.ts';

const ANNA = '+13125550177';
const ASKING = 'I will see whether Anna is free. One moment please.';
const WAITING = 'I am still trying to reach Anna. Thank you for your patience.';
/** Says something whenever the agent has finished. */
const POLITE = { kind: 'talks', startAfterMs: 500, talkMs: 900, silenceMs: 1_500, waitsForMs: 600 };
const TEST_MS = 120_000;
const WAIT = { timeout: 60_000, interval: 20 };

let fleet: RuntimeFleet;
let legsBefore = 0;

beforeAll(async () => {
  fleet = await RuntimeFleet.start({
    names: ['a', 'b'],
    pods: ['a', 'b'],
    profile: 'realistic',
    words: 'can i speak to a person please',
    transferTargets: [{ name: 'anna', displayName: 'Anna', mode: 'Warm', number: ANNA }],
  });
}, TEST_MS);

afterAll(() => fleet.stop());

beforeEach(() => {
  legsBefore = legs().length;
});

afterEach(() => fleet.carrier.control.faults.clear());

const legs = (): CallRecord[] =>
  fleet.carrier.control.calls().filter(({ direction }) => direction === 'outgoing');
const newLegs = () => legs().slice(legsBefore);

async function agentSaid(call: string): Promise<string[]> {
  const books = await fleet.books(call);
  return books.flatMap((event) => (event.kind === 'turn' && event.speaker === 'Agent' ? [event.text] : []));
}

async function expectTransferred(call: string): Promise<void> {
  await expect.poll(() => fleet.call(call).state, WAIT).toBe('ended');
  await expect.poll(async () => (await fleet.books(call)).map(({ kind }) => kind), WAIT).toContain('usage');
  const books = await fleet.books(call);
  expect(books.find(({ kind }) => kind === 'ended')).toMatchObject({ reason: 'Transferred' });
  expect(books.filter(({ kind }) => kind === 'usage')).toHaveLength(1);
  expect(newLegs().map(({ state }) => state)).toEqual(['ended']);
}

describe('a caller who asks for a person who is asked first', () => {
  test(
    'is told so and kept company, and is with that person once they have heard who calls',
    async () => {
      fleet.carrier.control.setDestination(ANNA, {
        kind: 'answers',
        afterMs: 10_000,
        presses: '1',
        pressesAfterMs: 1_000,
        talksMs: 1_000,
      });
      const call = fleet.placeCall(POLITE);
      await expectTransferred(call);
      const said = await agentSaid(call);
      expect(said.indexOf(WAITING)).toBeGreaterThan(said.indexOf(ASKING));
      expect(newLegs()[0]?.spoken).toEqual([
        expect.stringMatching(/^Hello, this is the assistant of Acme, .* press 1\. /),
      ]);
      expect(fleet.call(call).mostStreamsAtOnce).toBe(1);
    },
    TEST_MS,
  );

  test(
    'is taken up by another pod where theirs is killed, and that person is asked once',
    async () => {
      fleet.carrier.control.setDestination(ANNA, {
        kind: 'answers',
        afterMs: 12_000,
        presses: '1',
        talksMs: 1_000,
      });
      const call = fleet.placeCall(POLITE);
      await expect.poll(() => newLegs().length, WAIT).toBe(1);
      const owner = fleet.ownerOf(call) ?? '';
      await fleet.pod(owner).kill();
      await expect.poll(() => fleet.ownerOf(call), WAIT).toBe(owner === 'a' ? 'b' : 'a');
      await expectTransferred(call);
      expect(newLegs()[0]?.spoken).toHaveLength(1);
      // What it said last may have been cut short by the person.
      expect((await agentSaid(call)).at(-1)).toMatch(/^I am still (trying|asking)/);
      await fleet.startPod(owner);
    },
    TEST_MS,
  );

  test(
    'hears that nobody is there where a voicemail answers, and may leave a message',
    async () => {
      fleet.carrier.control.setDestination(ANNA, { kind: 'answers', afterMs: 1_000 });
      const call = fleet.placeCall(POLITE);
      await expect
        .poll(() => agentSaid(call), WAIT)
        // The caller, who speaks whenever it is quiet, may cut it short.
        .toContainEqual(expect.stringMatching(/^I am sorry, nobody could/));
      // This caller asks again at once.
      await expect.poll(() => newLegs()[0]?.state, WAIT).toBe('ended');
      expect(fleet.call(call).mostStreamsAtOnce).toBe(1);
      fleet.carrier.control.callerHangsUp(call);
      await expect
        .poll(async () => (await fleet.books(call)).map(({ kind }) => kind), WAIT)
        .toContain('usage');
    },
    TEST_MS,
  );
});
