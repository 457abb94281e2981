import { describe, expect, test } from 'vitest';
import { callInTest } from './fakes/call-in-test.ts';

const NAME = 'my name is alice johnson';
const ASKS_NUMBER = 'Agent: What number can we call you back on?';

/** A call in which the caller, after the greeting, speaks for so long, pauses, and perhaps speaks again. */
async function callOf(strained: boolean, heard: readonly string[], pauseMs = 0) {
  const requests: string[] = [];
  let spokeUntilMs = 0;
  const call = callInTest(
    {
      heard,
      onRequest: (engine) => requests.push(`${engine} ${call.clock.monotonic() - spokeUntilMs}`),
    },
    { strained },
  );
  call.carrier.start();
  await call.clock.advance(6_000);
  requests.length = 0;
  call.carrier.speak(1_000);
  spokeUntilMs = call.clock.monotonic() + 1_000;
  await call.clock.advance(1_000 + pauseMs);
  return { ...call, requests, sinceMs: () => call.clock.monotonic() - spokeUntilMs };
}

const atMs = (request: string | undefined) => Number(request?.split(' ')[1]);
const kinds = (requests: readonly string[]) => requests.map((request) => request.split(' ')[0]);

describe('a pod that is strained', () => {
  test('recognises on trial as any other, and makes the answer once the turn is over', async () => {
    const calm = await callOf(false, [NAME], 3_000);
    const strained = await callOf(true, [NAME], 3_000);
    expect(kinds(calm.requests)).toEqual(['stt', 'tts']);
    expect(kinds(strained.requests)).toEqual(['stt', 'tts']);
    const [calmSTT, calmTTS] = calm.requests.map(atMs);
    const [strainedSTT, strainedTTS] = strained.requests.map(atMs);
    expect(strainedSTT).toBe(calmSTT);
    expect(calmTTS).toBeLessThan(460);
    expect(strainedTTS).toBeGreaterThanOrEqual(460);
    await calm.session.close();
    await strained.session.close();
  });

  test('asks for no answer that the caller who goes on would make worthless', async () => {
    const calm = await callOf(false, ['my', NAME], 700);
    const strained = await callOf(true, ['my', NAME], 700);
    for (const call of [calm, strained]) {
      call.carrier.speak(1_000);
      await call.clock.advance(4_000);
      expect(call.reported.slice(1)).toEqual([`Caller: ${NAME}`, ASKS_NUMBER]);
      await call.session.close();
    }
    expect(kinds(calm.requests).slice(0, 2)).toEqual(['stt', 'tts']);
    expect(kinds(strained.requests)).toEqual(['stt', 'stt', 'tts']);
  });

  test.each([
    ['whole', NAME, 460, 560],
    ['unfinished', 'my name is', 1_450, 1_600],
  ])('waits as long after %s words as they ask for', async (_, words, atLeastMs, atMostMs) => {
    const call = await callOf(true, [words], 3_000);
    const speaks = call.requests.find((request) => request.startsWith('tts'));
    expect(atMs(speaks)).toBeGreaterThanOrEqual(atLeastMs);
    expect(atMs(speaks)).toBeLessThanOrEqual(atMostMs);
    await call.session.close();
  });
});
