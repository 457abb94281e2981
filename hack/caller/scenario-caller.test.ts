import { describe, expect, test } from 'vitest';
import { ScenarioCaller } from './scenario-caller.ts';
import { type ScenarioScript, scenarioScriptSchema } from './scenario-script.ts';

const LOUD = new Int16Array(320).fill(8_000);

/** A caller on a line; words take 100 ms a letter. */
function callerOf(steps: object[], more: Partial<ScenarioScript> = {}) {
  const line = { pressed: '', hungUp: false };
  const caller: ScenarioCaller = new ScenarioCaller(
    scenarioScriptSchema.parse({ kind: 'scenario', steps, ...more }),
    {
      press: (digit) => {
        line.pressed += digit;
      },
      hangUp: () => {
        line.hungUp = true;
        caller.ended();
      },
    },
    { synthesise: async (text) => new Int16Array(text.length * 1_600).fill(6_000) },
  );
  /** So many ms of the agent, or of silence; when the caller was heard in them. */
  const pass = async (ms: number, agent?: Int16Array) => {
    const spoke: number[] = [];
    for (let at = 0; at < ms; at += 20) {
      const said = caller.speak();
      if (said?.some((sample) => sample !== 0)) spoke.push(at);
      caller.hear(agent, agent !== undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return spoke;
  };
  return { caller, line, pass };
}

describe('the caller of a scenario', () => {
  test('waits for the agent to finish, through the breaths between its sentences', async () => {
    const { pass } = callerOf([{ say: 'hello' }]);
    expect(await pass(500)).toEqual([]);
    expect(await pass(1_000, LOUD)).toEqual([]);
    expect(await pass(300)).toEqual([]);
    expect(await pass(1_000, LOUD)).toEqual([]);
    expect((await pass(1_500))[0]).toBe(1_000);
  });

  test('speaks into the words of the agent at the time that the scenario says, breaths counted', async () => {
    const { pass, caller } = callerOf([{ say: 'hello', into: 1_500 }]);
    await pass(1_000, LOUD);
    await pass(200);
    expect((await pass(1_000, LOUD))[0]).toBe(300);
    expect(caller.report().said).toEqual([{ atMs: 1_500, text: 'hello' }]);
  });

  test('pauses inside a sentence', async () => {
    const { pass } = callerOf([{ say: 'oh [400] well' }]);
    await pass(200, LOUD);
    const spoke = await pass(2_500);
    expect(spoke).toHaveLength((200 + 400) / 20);
    expect(Number(spoke[10]) - Number(spoke[9])).toBe(420);
  });

  test('presses keys, is silent for as long as told, and hangs up', async () => {
    const { pass, line, caller } = callerOf([
      { press: '12#' },
      { silence: 2_000 },
      { noise: 100, after: 0 },
      { hangUp: true, after: 100 },
    ]);
    await pass(200, LOUD);
    await pass(1_600);
    expect(line.pressed).toBe('12#');
    expect(await pass(1_700)).toEqual([]);
    expect(await pass(400)).not.toEqual([]);
    expect(line.hungUp).toBe(true);
    expect(caller.report().said.map(({ text }) => text)).toEqual([
      '(keys: 12#)',
      '(a noise of 0.1 s)',
      '(hangs up)',
    ]);
  });

  test('tells when something is to befall the pod', async () => {
    const { pass, caller } = callerOf([{ pod: 'dies', into: 100 }]);
    await pass(80, LOUD);
    expect(caller.report().pods).toEqual([]);
    await pass(80, LOUD);
    expect(caller.report().pods).toEqual(['dies']);
  });

  test('is as loud as the scenario says', async () => {
    const { caller } = callerOf([{ say: 'hi', level: -20, after: 0 }]);
    await new Promise((resolve) => setImmediate(resolve));
    caller.hear(undefined, false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(caller.speak()?.[0]).toBe(600);
  });

  test('sends the agent its own words back, later and softer', async () => {
    const { caller } = callerOf([], { echo: { level: -20, delayMs: 100 } });
    const echoed: number[] = [];
    for (let at = 0; at < 200; at += 20) {
      echoed.push(caller.speak()?.[0] ?? 0);
      caller.hear(at < 40 ? LOUD : undefined, at < 40);
    }
    expect(echoed).toEqual([0, 0, 0, 0, 0, 800, 800, 0, 0, 0]);
  });

  test('hangs up at the end of the scenario', async () => {
    const { pass, line, caller } = callerOf([], { endsAfterMs: 1_000 });
    await pass(1_000);
    expect([line.hungUp, caller.report().endedBecause]).toEqual([true, 'the scenario ends here']);
  });
});
