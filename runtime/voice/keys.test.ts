import { describe, expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { callInTest } from './fakes/call-in-test.ts';

const asksNumber = { ...newConversation('lead-capture'), phase: 'Collecting', asking: 'phone' } as const;

/** A call that was given away in a pause, so that the agent listens at once. */
function listening(heard: readonly string[] = []) {
  const call = callInTest({ heard }, { conversation: asksNumber, seamless: true });
  call.carrier.start();
  return call;
}

describe('keys that a caller presses in a call', () => {
  test('are an answer, whatever the order in which they come and however often', async () => {
    const call = listening();
    await call.clock.advance(1_000);
    const nowMs = call.clock.now();
    const keys = '2125550142#'.split('').map((digit, index) => [digit, nowMs + index * 200] as const);
    for (const [digit, atMs] of [...keys.slice(5), ...keys.slice(0, 5), ...keys]) {
      call.carrier.tellKey(digit, atMs);
      await call.clock.advance(10);
    }
    await call.clock.advance(6_000);
    expect(call.reported).toEqual([
      'Caller: 2125550142',
      'Agent: I have two one two, five five five, zero one four two. Is that right?',
    ]);
    await call.session.close();
    expect(call.clock.pending).toBe(0);
  });

  test('are waited for until there is no more of them', async () => {
    const call = listening();
    await call.clock.advance(1_000);
    call.carrier.press('21255');
    await call.clock.advance(2_400);
    call.carrier.press('50142');
    await call.clock.advance(2_400);
    expect(call.reported).toEqual([]);
    await call.clock.advance(4_000);
    expect(call.reported[0]).toBe('Caller: 2125550142');
    await call.session.close();
  });

  test('silence the agent at once', async () => {
    const call = callInTest({ heard: ['my name is alice johnson'] });
    call.carrier.start();
    await call.clock.advance(6_000);
    call.carrier.speak(1_000);
    await call.clock.advance(2_600);
    call.carrier.press('2');
    expect(call.carrier.clears).toBe(1);
    call.carrier.press('125550142#', call.clock.now() + 200);
    await call.clock.advance(3_000);
    expect(call.reported.slice(2, 4)).toEqual([
      expect.stringMatching(/^Agent: What .*\[interrupted\]$/),
      'Caller: 2125550142',
    ]);
    await call.session.close();
  });

  test('under words that must be heard are answered after those', async () => {
    const call = callInTest({ heard: [] });
    call.carrier.start();
    await call.clock.advance(1_000);
    call.carrier.press('7#');
    await call.clock.advance(8_000);
    expect(call.carrier.clears).toBe(0);
    expect(call.reported.slice(0, 2)).toEqual([
      'Agent: Thank you for calling Acme. I am an automated assistant. May I have your name please?',
      'Caller: 7',
    ]);
    await call.session.close();
  });

  test('count, and not the words around them', async () => {
    const call = listening(['one moment it is']);
    call.carrier.speak(1_000);
    await call.clock.advance(1_300);
    call.carrier.press('2125550142#');
    await call.clock.advance(7_000);
    expect(call.reported).toEqual([
      'Caller: one moment it is 2125550142',
      'Agent: I have two one two, five five five, zero one four two. Is that right?',
    ]);
    await call.session.close();
  });

  test('that are nonsense are counted as malformed', async () => {
    const call = listening();
    call.carrier.tellKey('E', call.clock.now());
    await call.clock.advance(0);
    expect(call.reported).toEqual(['malformed frame']);
    await call.session.close();
  });
});
