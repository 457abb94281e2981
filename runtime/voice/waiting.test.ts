import { expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { callInTest } from './fakes/call-in-test.ts';
import { DEFAULT_VOICE_OPTIONS } from './voice-options.ts';

const ANNA = { name: 'anna', displayName: 'Anna', mode: 'Warm', number: '+13125550177' } as const;
const profile = { transferTargets: [ANNA] };
const STILL = 'Agent: I am still trying to reach Anna. Thank you for your patience.';
const ASKING = 'Agent: I am still asking. One more moment please.';
const conversation = { ...newConversation('lead-capture'), phase: 'Collecting', nextTurn: 3 } as const;

test('a caller who waits for a person hears every few seconds that it goes on', async () => {
  const call = callInTest({ heard: ['i want to speak to a person'] }, { profile });
  call.carrier.start();
  await call.clock.advance(6_000);
  call.carrier.speak(1_000);
  await call.clock.advance(30_000);
  expect(call.reported.slice(2)).toEqual([
    'Agent: I will see whether Anna is free. One moment please.',
    expect.stringMatching(/^ask anna: Hello, this is the assistant of Acme, with a caller for you\./),
    STILL,
    ASKING,
  ]);
  await call.session.close();
  expect(call.clock.pending).toBe(0);
});

test('a caller who waits can be given to another pod between two sentences', async () => {
  const call = callInTest({ heard: [] }, { profile, conversation, asking: 'anna' });
  call.carrier.start();
  await call.clock.advance(1_000);
  expect(call.session.paused).toBe(false);
  await call.clock.advance(6_000);
  expect(call.session.paused).toBe(true);
  await call.session.close();
});

test('so does one whose pod was lost meanwhile, at once, with turns that go on from those before', async () => {
  const call = callInTest({ heard: [] }, { profile, conversation, asking: 'anna' });
  call.carrier.start();
  await call.clock.advance(6_000);
  expect(call.reported).toEqual([STILL]);
  expect(call.session.conversation().nextTurn).toBe(4);
  await call.session.close();
});

test('a sentence that is cut off, because the person has the caller, is told as far as it was heard', async () => {
  const call = callInTest({ heard: [] }, { profile, conversation, asking: 'anna' });
  call.carrier.start();
  await call.clock.advance(1_000);
  call.carrier.stop();
  await call.clock.advance(0);
  expect(call.reported).toEqual([
    expect.stringMatching(/^Agent: I am .*\[interrupted\]$/),
    'disconnected (stopped)',
  ]);
});

test('a caller of whose waiting nobody tells the end is told that nobody was reached', async () => {
  const call = callInTest({ heard: [] }, { profile, conversation, asking: 'anna' });
  call.carrier.start();
  await call.clock.advance(600_000);
  expect(call.reported).toContainEqual(
    expect.stringMatching(/^Agent: I am sorry, nobody could take your call/),
  );
});

test('a caller who was given away in a pause hears the next sentence at its time', async () => {
  const call = callInTest({ heard: [] }, { profile, conversation, asking: 'anna', seamless: true });
  call.carrier.start();
  await call.clock.advance(DEFAULT_VOICE_OPTIONS.waitingAgainMs - 1_000);
  expect([call.reported, call.session.paused]).toEqual([[], true]);
  await call.clock.advance(6_000);
  expect(call.reported).toEqual([STILL]);
  await call.session.close();
});

test('a caller who speaks while waiting is told at once that it goes on, and nothing is left of it', async () => {
  const call = callInTest({ heard: [] }, { profile, conversation, asking: 'anna', seamless: true });
  call.carrier.start();
  await call.clock.advance(1_000);
  call.carrier.speak(1_000);
  await call.clock.advance(6_000);
  expect(call.reported).toEqual([STILL]);
  await call.session.close();
  expect(call.clock.pending).toBe(0);
});

test('a caller who makes sounds all the time hears so no more often than can be listened to', async () => {
  const call = callInTest({ heard: [] }, { profile, conversation, asking: 'anna', seamless: true });
  call.carrier.start();
  for (let second = 0; second < 30; second += 2) {
    call.carrier.speak(500);
    await call.clock.advance(2_000);
  }
  // Each sentence is about three seconds long in this voice, and five more pass before the next.
  expect(call.reported.length).toBeGreaterThan(1);
  expect(call.reported.length).toBeLessThan(6);
  await call.session.close();
  expect(call.clock.pending).toBe(0);
});
