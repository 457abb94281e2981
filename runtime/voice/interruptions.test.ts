import { describe, expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { callInTest } from './fakes/call-in-test.ts';

const GREETING = 'Thank you for calling Acme. I am an automated assistant. May I have your name please?';
const PHONE = 'What number can we call you back on?';

type Call = ReturnType<typeof callInTest>;

/** The caller has answered the first question, and 0.6 s of the second one were spoken. */
async function inTheSecondQuestion(call: Call): Promise<void> {
  call.carrier.start();
  await call.clock.advance(6_000);
  call.carrier.speak(1_000);
  await call.clock.advance(2_600);
}

describe('a caller who speaks into the words of the agent', () => {
  test.each([
    ['without a word, as in a cough', ''],
    ['only to show that they listen', 'uh-huh'],
  ])('%s, is spoken on to from the first word that was not heard', async (_, noise) => {
    const call = callInTest({ heard: ['alice', noise] });
    await inTheSecondQuestion(call);
    call.carrier.speak(500);
    await call.clock.advance(400);
    expect(call.carrier.clears).toBe(1);
    await call.clock.advance(6_000);
    expect(call.reported).toEqual([`Agent: ${GREETING}`, 'Caller: alice', `Agent: ${PHONE}`]);
    await call.session.close();
  });

  test('is heard out where there are words, and then answered', async () => {
    const call = callInTest({ heard: ['alice', 'sorry it is alice johnson', 'it is alice johnson'] });
    await inTheSecondQuestion(call);
    call.carrier.speak(1_000);
    await call.clock.advance(6_000);
    expect(call.reported[2]).toMatch(/^Agent: What .* \[interrupted\]$/);
    expect(call.reported[3]).toBe('Caller: sorry it is alice johnson');
    await call.session.close();
  });

  test('is spoken on to within two seconds where no utterance comes of it', async () => {
    const call = callInTest({ heard: ['alice'] });
    await inTheSecondQuestion(call);
    // Long enough to interrupt, and too soft to be the caller.
    call.carrier.speak(500, 1_001);
    await call.clock.advance(500);
    const spokenMs = call.carrier.sentMs;
    await call.clock.advance(2_000);
    expect(call.carrier.sentMs).toBeGreaterThan(spokenMs);
    await call.session.close();
  });

  test('so soon that it was cut off, has its first words joined to the rest', async () => {
    const conversation = {
      ...newConversation('lead-capture'),
      phase: 'Collecting',
      asking: 'phone',
    } as const;
    const call = callInTest(
      { heard: ['two one two', 'five five five one two three four'] },
      { conversation, seamless: true },
    );
    call.carrier.start();
    await call.clock.advance(1_000);
    call.carrier.speak(1_000);
    // After the silence that a number in the making is given.
    await call.clock.advance(2_700);
    expect(call.carrier.sentMs).toBeGreaterThan(0);
    call.carrier.speak(1_000);
    await call.clock.advance(4_000);
    expect(call.session.conversation().collected).toMatchObject([{ name: 'phone', value: '+12125551234' }]);
    await call.session.close();
  });
});
