import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Profile } from '#hack/standins/telnyx/settings.ts';
import { RuntimeFleet } from '#hack/testing/runtime-fleet.ts';

const APOLOGY = 'Sorry, we were cut off for a moment.';
const QUESTIONS = [
  'May I have your name please?',
  'I have two one two, five five five, zero one four two.',
  'How can we help you today?',
] as const;
/** An answer to every question; it holds the number, which is read back then. */
const WORDS = 'this is alice johnson, two one two five five five zero one four two';
/** Says something whenever the agent has finished. */
const POLITE = { kind: 'talks', startAfterMs: 500, talkMs: 900, silenceMs: 1_500, waitsForMs: 600 };
const TEST_MS = 120_000;
const WAIT = { timeout: 60_000, interval: 20 };

let fleet: RuntimeFleet;
/** What had been said before the present test. */
let before = 0;

function openFleet(profile: Profile, pods: readonly string[]) {
  beforeAll(async () => {
    fleet = await RuntimeFleet.start({ names: ['a', 'b'], pods, profile, words: WORDS });
  }, TEST_MS);
  afterAll(() => fleet.stop());
}

beforeEach(() => {
  before = fleet.speech.said.length;
});

afterEach(() => fleet.carrier.control.faults.clear());

const timesSaid = (text: string) => fleet.speech.said.slice(before).filter((said) => said === text).length;
const other = (pod: string) => (pod === 'a' ? 'b' : 'a');

/** A caller who is at the second question, so that there is something to lose; resolves to the call and its pod. */
async function callerAtSecondQuestion(): Promise<{ call: string; owner: string }> {
  const call = fleet.placeCall(POLITE);
  await expect.poll(() => turnsOf(call, 'Caller'), WAIT).toHaveLength(1);
  return { call, owner: await ownerOf(call) };
}

/** What was heard of a speaker. */
async function turnsOf(call: string, speaker: 'Agent' | 'Caller'): Promise<string[]> {
  const books = await fleet.books(call);
  return books.flatMap((event) => (event.kind === 'turn' && event.speaker === speaker ? [event.text] : []));
}

async function ownerOf(call: string): Promise<string> {
  await expect.poll(() => fleet.ownerOf(call), WAIT).toBeDefined();
  return fleet.ownerOf(call) ?? '';
}

/** The call comes to its end with all that was collected, and the carrier saw one of everything. */
async function expectWhole(call: string, { alone = true } = {}): Promise<void> {
  await expect.poll(() => fleet.call(call).state, WAIT).toBe('ended');
  await expect.poll(async () => (await fleet.books(call)).map(({ kind }) => kind), WAIT).toContain('usage');
  const { answers, mostStreamsAtOnce, hangupSource, spoken } = fleet.call(call);
  expect({ answers, mostStreamsAtOnce, hangupSource, spoken }).toEqual({
    answers: 1,
    mostStreamsAtOnce: 1,
    hangupSource: 'callee',
    spoken: [],
  });
  const books = await fleet.books(call);
  expect(books.filter(({ kind }) => kind === 'usage')).toHaveLength(1);
  expect(books.find(({ kind }) => kind === 'ended')).toMatchObject({ reason: 'WorkflowCompleted' });
  const lead = books.findLast((event) => event.kind === 'lead');
  expect(lead?.complete).toBe(true);
  expect(lead?.fields.map(({ name, value }) => [name, value])).toEqual([
    ['name', 'Alice Johnson'],
    ['phone', '+12125550142'],
    ['reason', expect.stringContaining(WORDS)],
  ]);
  if (!alone) return;
  // What was answered is not asked again. Before, a busy machine may hear the answer late.
  const asked = (await turnsOf(call, 'Agent')).map((text) =>
    QUESTIONS.findIndex((question) => text.endsWith(question)),
  );
  const questions = asked.filter((question) => question >= 0);
  expect(questions).toEqual(questions.toSorted((a, b) => a - b));
}

describe('where the carrier does not tell of a broken stream, and allows no second', () => {
  openFleet('hostile', ['a', 'b']);
  // Later than any test waits: what goes on, goes on by what pods find out themselves.
  beforeAll(() => fleet.carrier.control.change({ streamLossReportMs: 2 * WAIT.timeout }));

  test(
    'a call whose socket breaks goes on at the same pod',
    async () => {
      const { call, owner } = await callerAtSecondQuestion();
      fleet.carrier.control.faults.add({ at: 'stream', call, fault: { kind: 'breakSocket' } });
      await expect.poll(() => fleet.call(call).streams.length, WAIT).toBe(2);
      expect(await ownerOf(call)).toBe(owner);
      await expectWhole(call);
      expect(timesSaid(APOLOGY)).toBe(1);
    },
    TEST_MS,
  );

  test(
    'a call whose socket goes silent, with nobody closing it, goes on',
    async () => {
      const { call } = await callerAtSecondQuestion();
      fleet.carrier.control.faults.add({ at: 'stream', call, fault: { kind: 'goSilent' } });
      await expect.poll(() => fleet.call(call).streams.length, WAIT).toBe(2);
      await expectWhole(call);
      expect(timesSaid(APOLOGY)).toBe(1);
    },
    TEST_MS,
  );

  test(
    'a pod that stands still loses its call to another, and does not speak on it when it goes on',
    async () => {
      const { call, owner } = await callerAtSecondQuestion();
      fleet.signal(owner, 'SIGSTOP');
      await expect.poll(() => fleet.ownerOf(call), WAIT).toBe(other(owner));
      fleet.signal(owner, 'SIGCONT');
      await expectWhole(call);
      expect(fleet.call(call).streams).toHaveLength(2);
      expect(timesSaid(APOLOGY)).toBe(1);
      await expect.poll(() => fleet.isReady(owner), WAIT).toBe(true);
    },
    TEST_MS,
  );

  test(
    'a call whose pod is killed goes on at another',
    async () => {
      const { call, owner } = await callerAtSecondQuestion();
      await fleet.pod(owner).kill();
      await expect.poll(() => fleet.ownerOf(call), WAIT).toBe(other(owner));
      await expectWhole(call);
      expect(timesSaid(APOLOGY)).toBe(1);
      await fleet.startPod(owner);
    },
    TEST_MS,
  );

  test(
    'a pod that is started again takes up the call that it had',
    async () => {
      const { call, owner } = await callerAtSecondQuestion();
      await fleet.pod(other(owner)).kill();
      await fleet.pod(owner).kill();
      await fleet.startPod(owner);
      await expectWhole(call);
      expect(timesSaid(APOLOGY)).toBe(1);
    },
    TEST_MS,
  );
});

describe('where the carrier tells of what breaks', () => {
  openFleet('realistic', ['a']);

  test(
    'a pod that ends while there is no other holds its call to the end',
    async () => {
      const { call } = await callerAtSecondQuestion();
      fleet.signal('a', 'SIGTERM');
      await expect.poll(() => fleet.isReady('a'), WAIT).toBe(false);
      await expectWhole(call);
      expect(fleet.call(call).streams).toHaveLength(1);
      await expect.poll(() => fleet.pod('a').isRunning(), WAIT).toBe(false);
    },
    TEST_MS,
  );

  test(
    'a pod that ends gives its calls to another, and nobody notices',
    async () => {
      await Promise.all([fleet.startPod('a'), fleet.startPod('b')]);
      await fleet.fill('b');
      const silent = [fleet.placeCall(), fleet.placeCall()];
      const { call } = await callerAtSecondQuestion();
      expect([...silent, call].map((one) => fleet.ownerOf(one))).toEqual(['a', 'a', 'a']);
      await fleet.empty('b');
      fleet.signal('a', 'SIGTERM');
      await expect.poll(() => fleet.pod('a').isRunning(), WAIT).toBe(false);
      for (const one of silent) {
        expect([fleet.call(one).state, fleet.ownerOf(one)]).toEqual(['answered', 'b']);
        expect([fleet.call(one).streams.length, fleet.call(one).mostStreamsAtOnce]).toEqual([2, 1]);
        fleet.carrier.control.callerHangsUp(one);
      }
      await expectWhole(call, { alone: false });
      expect(fleet.call(call).streams).toHaveLength(2);
      expect(timesSaid(APOLOGY)).toBe(0);
    },
    TEST_MS,
  );

  test(
    'a pod that is killed while it gives its call away has not lost it',
    async () => {
      await fleet.startPod('a');
      const { call, owner } = await callerAtSecondQuestion();
      const start = 'POST /v2/calls/*/actions/streaming_start';
      fleet.carrier.control.faults.add({ at: start, fault: { kind: 'drop' }, count: 100 });
      fleet.signal(owner, 'SIGTERM');
      await expect
        .poll(() => fleet.call(call).commands.some(({ action }) => action === 'streaming_stop'), WAIT)
        .toBe(true);
      await fleet.pod(owner).kill();
      fleet.carrier.control.faults.clear();
      await expect.poll(() => fleet.ownerOf(call), WAIT).toBe(other(owner));
      await expectWhole(call);
      await fleet.startPod(owner);
    },
    TEST_MS,
  );

  test(
    'a call whose pod is killed goes on at another',
    async () => {
      const { call, owner } = await callerAtSecondQuestion();
      await fleet.pod(owner).kill();
      await expect.poll(() => fleet.ownerOf(call), WAIT).toBe(other(owner));
      await expectWhole(call);
      expect(timesSaid(APOLOGY)).toBe(1);
    },
    TEST_MS,
  );
});
