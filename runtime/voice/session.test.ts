import { describe, expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { callInTest } from './fakes/call-in-test.ts';

const GREETING = 'Thank you for calling Acme. I am an automated assistant. May I have your name please?';
const NUMBER = 'two one two five five five zero one four two';
const LEAD = 'lead lead-capture Alice Johnson, +12125550142, i need an appointment';
const failing = () => new EngineError('scripted', 'engine_unavailable');

type Call = ReturnType<typeof callInTest>;

/** Lets the agent finish, then the caller speaks for a second and waits for the reply to begin. */
async function answer({ clock, carrier }: Call): Promise<void> {
  await clock.advance(6_000);
  carrier.speak(1_000);
  await clock.advance(2_300);
}

describe('a conversation', () => {
  test('asks every field, reports what was said and heard, and ends after the closing sentence', async () => {
    const call = callInTest({
      heard: ['my name is alice johnson', NUMBER, 'yes', 'i need an appointment'],
    });
    call.carrier.start();
    await answer(call);
    await answer(call);
    await answer(call);
    await answer(call);
    expect(call.reported.at(-1)).toBe(LEAD);
    await call.clock.advance(6_000);
    expect(call.reported).toEqual([
      `Agent: ${GREETING}`,
      'Caller: my name is alice johnson',
      'Agent: What number can we call you back on?',
      `Caller: ${NUMBER}`,
      'Agent: I have two one two, five five five, zero one four two. Is that right?',
      'Caller: yes',
      'Agent: How can we help you today?',
      'Caller: i need an appointment',
      LEAD,
      'Agent: Thank you. We will call you back soon. Goodbye.',
      'finished WorkflowCompleted',
    ]);
    expect(call.session.conversation()).toMatchObject({ phase: 'Done', nextTurn: 9 });
    expect(call.session.conversation().sttMs).toBeGreaterThan(3_000);
    expect(Math.min(...call.carrier.frameBytes)).toBe(160);
    await call.session.close();
    await call.clock.advance(100);
    expect(call.clock.pending).toBe(0);
  });

  test('speaks the codec that was asked for, whatever the line of the caller is in', async () => {
    const call = callInTest({ heard: [] }, { sendCodec: knownCodec('L16', 16_000) });
    call.carrier.start('PCMA');
    await call.clock.advance(1_000);
    // 60 ms: 960 samples of two bytes, where the caller's own codec has 480 bytes.
    expect(call.carrier.frameBytes).toContain(1_920);
    await call.session.close();
  });

  test('an interruption is heard out, and only what the caller heard is stored', async () => {
    const call = callInTest({ heard: ['alice', NUMBER] });
    call.carrier.start();
    await answer(call);
    await call.clock.advance(600);
    call.carrier.speak(1_000);
    await call.clock.advance(500);
    expect(call.carrier.clears).toBe(1);
    await call.clock.advance(2_000);
    expect(call.reported.slice(1, 4)).toEqual([
      'Caller: alice',
      expect.stringMatching(/^Agent: What number .* \[interrupted\]$/),
      `Caller: ${NUMBER}`,
    ]);
    expect(call.reported[2]).not.toContain('back on?');
    await call.session.close();
  });

  test('the disclosure is spoken whole, whatever the caller does', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    call.carrier.speak(1_500);
    await call.clock.advance(2_800);
    expect(call.carrier.clears).toBe(0);
    await call.clock.advance(4_000);
    expect(call.reported).toEqual([`Agent: ${GREETING}`]);
    await call.session.close();
  });

  test('a caller who goes on speaking while the words are recognised is heard out', async () => {
    // Whoever pauses after "is" is waited for, and then recognised from the start.
    const call = callInTest({ heard: ['my name is', 'my name is alice johnson'] });
    call.carrier.start();
    await call.clock.advance(6_000);
    call.carrier.speak(800);
    await call.clock.advance(1_540);
    call.carrier.speak(800);
    await call.clock.advance(2_500);
    expect(call.reported[1]).toBe('Caller: my name is alice johnson');
    await call.session.close();
  });

  test('a caller who goes on at the moment in which the answer is ready is heard out', async () => {
    const call = callInTest({
      heard: ['alice johnson', 'alice johnson from the bakery'],
      soundAfterMs: 500,
    });
    call.carrier.start();
    await call.clock.advance(6_000);
    call.carrier.speak(800);
    // The turn was over; the answer comes some 900 ms after the words, by which it is not sure yet that there are more.
    await call.clock.advance(800 + 860);
    call.carrier.speak(800);
    await call.clock.advance(3_500);
    expect(call.carrier.clears).toBe(0);
    expect(call.reported.slice(1, 3)).toEqual([
      'Caller: alice johnson alice johnson from the bakery',
      expect.stringMatching(/^Agent: What number/),
    ]);
    await call.session.close();
  });

  test('a caller who says nothing is asked twice, then the call ends', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    await call.clock.advance(60_000);
    expect(call.reported).toEqual([
      `Agent: ${GREETING}`,
      'Agent: Are you still there? May I have your name please?',
      'Agent: Are you still there? May I have your name please?',
      'Agent: I cannot hear you. Please call again. Goodbye.',
      'finished CallerSilent',
    ]);
  });

  test('a noise without words is answered, not waited on', async () => {
    const call = callInTest({ heard: [''] });
    call.carrier.start();
    await answer(call);
    await call.clock.advance(4_000);
    expect(call.reported).toEqual([
      `Agent: ${GREETING}`,
      'Agent: Sorry, I did not get that. May I have your name please?',
    ]);
    await call.session.close();
  });

  test('a failing recogniser costs one more question; failing again ends the call with a goodbye', async () => {
    const call = callInTest({ heard: [failing(), failing()] });
    call.carrier.start();
    await answer(call);
    await answer(call);
    await call.clock.advance(6_000);
    expect(call.reported).toEqual([
      `Agent: ${GREETING}`,
      'Agent: Sorry, I could not hear that. Could you say it again please?',
      'Agent: Sorry, something went wrong on our side. Please call again later. Goodbye.',
      'finished EnginesFailed',
    ]);
  });

  test('a synthesiser that fails again where it broke off ends the conversation, so that the carrier can speak instead', async () => {
    const call = callInTest({ heard: [], speaking: [undefined, failing(), failing()] });
    call.carrier.start();
    await call.clock.advance(5_000);
    expect(call.reported).toEqual([
      'Agent: Thank you for calling Acme. [interrupted]',
      'finished EnginesFailed (untold)',
    ]);
  });

  test('never more turns than the limit', async () => {
    const call = callInTest({ heard: ['', '', ''] }, { options: { maxTurns: 2 } });
    call.carrier.start();
    await answer(call);
    await answer(call);
    await call.clock.advance(6_000);
    expect(call.reported.at(-1)).toBe('finished MaxTurns');
  });
});

const TARGETS = [{ name: 'desk', mode: 'Cold' as const, number: '+13125550177' }];

describe('what follows the words of the agent', () => {
  test('a caller who asks for a person is told so, then handed over', async () => {
    const call = callInTest(
      { heard: ['i want to speak to a person'] },
      { profile: { transferTargets: TARGETS } },
    );
    call.carrier.start();
    await answer(call);
    await call.clock.advance(4_000);
    expect(call.reported.slice(2)).toEqual([
      'Agent: One moment please, I am connecting you.',
      'transfer desk',
    ]);
    await call.session.close();
    expect(call.clock.pending).toBe(0);
  });

  test('a caller who falls silent in the middle of the form leaves what was collected', async () => {
    const call = callInTest({ heard: ['alice johnson'] });
    call.carrier.start();
    await answer(call);
    await call.clock.advance(45_000);
    expect(call.reported.slice(-2)).toEqual([
      'lead lead-capture Alice Johnson (partial)',
      'finished CallerSilent',
    ]);
    await call.session.close();
  });

  test('a message is offered where nobody can be had, and taken until the caller is silent', async () => {
    const call = callInTest(
      { heard: ['i want to speak to a person', 'yes', 'please call me', 'about the roof'] },
      { profile: { transferTargets: TARGETS }, transfers: false },
    );
    call.carrier.start();
    await answer(call);
    await answer(call);
    await answer(call);
    call.carrier.speak(1_000);
    await call.clock.advance(18_000);
    expect(call.reported.slice(3)).toEqual([
      'transfer desk',
      'Agent: I am sorry, nobody could take your call there. Would you like to leave a message?',
      'Caller: yes',
      'Agent: Please say your message now, and press the pound key when you are done.',
      'Caller: please call me',
      'Caller: about the roof',
      'lead lead-capture please call me about the roof (partial)',
      'Agent: Thank you, I have taken down your message. Somebody will get back to you. Goodbye.',
      'finished WorkflowCompleted',
    ]);
  });

  test('a recording on the line ends the call, and nothing is said to it', async () => {
    const call = callInTest({ heard: ['please leave a message after the tone'] });
    call.carrier.start();
    await answer(call);
    expect(call.reported.slice(2)).toEqual(['finished CallerIsMachine']);
  });
});

describe('a media session', () => {
  test('goes on with the field being asked when the stream was taken over', async () => {
    const conversation = {
      ...newConversation('lead-capture'),
      phase: 'Collecting' as const,
      asking: 'phone',
      nextTurn: 3,
    };
    const call = callInTest({ heard: [] }, { conversation });
    call.carrier.start();
    await call.clock.advance(6_000);
    expect(call.reported).toEqual([
      'Agent: Sorry, we were cut off for a moment. What number can we call you back on?',
    ]);
    await call.session.close();
  });

  test('says first that nobody was reached to a caller who comes back, also with the form complete', async () => {
    const conversation = { ...newConversation('lead-capture'), phase: 'Done' as const, nextTurn: 9 };
    const call = callInTest({ heard: [] }, { conversation, transferFailure: 'Busy' });
    call.carrier.start();
    await call.clock.advance(60_000);
    expect(call.reported[0]).toMatch(
      /^Agent: I am sorry, nobody could take your call there\. Please say your/,
    );
    expect(call.reported.at(-1)).toBe('finished CallerSilent');
  });

  test("reports the agent's turn as far as it was heard when the carrier stops the stream", async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    await call.clock.advance(1_000);
    call.carrier.stop();
    await call.clock.advance(0);
    expect(call.reported).toEqual(['Agent: Thank you for [interrupted]', 'disconnected (stopped)']);
    expect(call.session.conversation().ttsCharacters).toBe('Thank you for'.length);
    expect(call.clock.pending).toBe(0);
  });

  test('is closed once the turn that this cut off is reported', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    await call.clock.advance(1_000);
    await call.session.close();
    expect(call.reported).toEqual(['Agent: Thank you for [interrupted]']);
    expect(call.session.conversation().nextTurn).toBe(1);
  });

  test('reports a socket that closed, once', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    await call.clock.advance(20);
    call.carrier.close();
    await call.clock.advance(0);
    call.carrier.stop();
    await call.clock.advance(0);
    expect(call.reported).toEqual(['disconnected']);
    expect(call.clock.pending).toBe(0);
  });

  test('says nothing of a disconnection after the conversation finished', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    await call.clock.advance(60_000);
    call.carrier.stop();
    await call.clock.advance(100);
    expect(call.reported.at(-1)).toBe('finished CallerSilent');
  });

  test('gives up a socket that never announces its stream', async () => {
    const call = callInTest({ heard: [] });
    await call.clock.advance(2_100);
    expect(call.reported).toEqual(['disconnected']);
    expect(call.clock.pending).toBe(0);
  });

  test('ends a call whose format it cannot decode', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start('AMR-WB');
    expect(call.reported).toEqual(['finished RuntimeError (untold)']);
    await call.session.close();
  });

  test.each([0, 50, 900, 4_800, 6_500, 7_300, 7_900, 9_000])(
    'leaves nothing behind when it is closed after %i ms',
    async (ms) => {
      const call = callInTest({ heard: ['alice'] });
      call.carrier.start();
      await call.clock.advance(Math.min(ms, 6_000));
      call.carrier.speak(1_000);
      await call.clock.advance(Math.max(0, ms - 6_000));
      await call.session.close();
      await call.session.close();
      await call.clock.advance(0);
      expect(call.clock.pending).toBe(0);
      expect(call.reported.filter((line) => /finished|disconnected/.test(line))).toEqual([]);
    },
  );

  test('counts and skips malformed frames, and goes on', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    for (const data of ['', '{', '[]', '{"event":"media"}', '{"event":"mark","mark":{"name":7}}']) {
      call.carrier.emit('message', Buffer.from(data), false);
    }
    await call.clock.advance(6_000);
    expect(call.reported).toEqual([...Array<string>(5).fill('malformed frame'), `Agent: ${GREETING}`]);
    await call.session.close();
  });
});
