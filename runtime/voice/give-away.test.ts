import { describe, expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { callInTest } from './fakes/call-in-test.ts';

/** The greeting and its question take less than this. */
const GREETED_MS = 6_000;

describe('a session that can be given away', () => {
  test('is in a pause only while the caller is waited for and silent', async () => {
    const { clock, carrier, session } = callInTest({ heard: ['my name is alice johnson'] });
    const isPaused: boolean[] = [session.paused];
    carrier.start();
    await clock.advance(1_000);
    isPaused.push(session.paused);
    await clock.advance(GREETED_MS - 1_000);
    isPaused.push(session.paused);
    carrier.speak(1_000);
    await clock.advance(500);
    isPaused.push(session.paused);
    // The caller has finished, and the words are being recognised.
    await clock.advance(1_300);
    isPaused.push(session.paused);
    await clock.advance(3_000);
    isPaused.push(session.paused);
    expect(isPaused).toEqual([false, false, true, false, false, true]);
    await session.close();
    expect(session.paused).toBe(false);
  });

  test('rests without a sound and leaves the socket, whose end it reports', async () => {
    const { clock, carrier, session, reported } = callInTest({ heard: ['my name is alice johnson'] });
    carrier.start();
    await clock.advance(GREETED_MS);
    session.rest();
    const sentMs = carrier.sentMs;
    carrier.speak(1_000);
    await clock.advance(20_000);
    expect([carrier.sentMs - sentMs, session.paused, carrier.readyState]).toEqual([0, false, 1]);
    expect(reported).toHaveLength(1);
    carrier.close();
    await clock.advance(100);
    expect(reported.at(-1)).toBe('disconnected');
    expect(clock.pending).toBe(0);
  });

  test('goes on where it was: nothing is said again, and the answer is heard', async () => {
    const conversation = { ...newConversation('lead-capture'), phase: 'Collecting', asking: 'name' } as const;
    const { clock, carrier, session, reported } = callInTest(
      { heard: ['my name is alice johnson'] },
      { conversation, seamless: true },
    );
    carrier.start();
    await clock.advance(1_000);
    expect([carrier.sentMs, session.paused]).toEqual([0, true]);
    carrier.speak(1_000);
    await clock.advance(6_000);
    expect(reported).toEqual([
      'Caller: my name is alice johnson',
      'Agent: What number can we call you back on?',
    ]);
    await session.close();
  });

  test('asks a caller who stays silent, as ever', async () => {
    const conversation = { ...newConversation('lead-capture'), phase: 'Collecting', asking: 'name' } as const;
    const { clock, carrier, session, reported } = callInTest({ heard: [] }, { conversation, seamless: true });
    carrier.start();
    await clock.advance(13_000);
    expect(reported).toEqual(['Agent: Are you still there? May I have your name please?']);
    await session.close();
  });
});
