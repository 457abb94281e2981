import { beforeEach, describe, expect, test } from 'vitest';
import { type CallerScript, callerScriptSchema } from './caller-script.ts';
import { leadCaptureScript } from './lead-capture-script.ts';
import { type CallerSpeech, ScriptedCaller } from './scripted-caller.ts';

const script = callerScriptSchema.parse(leadCaptureScript);
const LOUD = new Int16Array(320).fill(3_000);

describe('a scripted caller', () => {
  let hungUp: boolean;
  let caller: ScriptedCaller;
  /** What the recogniser makes of each utterance, in order. */
  let words: string[];
  let failing: boolean;
  let pressed: string;
  let open: (steps: CallerScript['steps']) => ScriptedCaller;

  beforeEach(() => {
    hungUp = false;
    words = [];
    failing = false;
    pressed = '';
    const speech: CallerSpeech = {
      synthesise: async (text) => new Int16Array(text.length * 320),
      async recognise() {
        if (failing) throw new Error('the recogniser is gone');
        return words.shift() ?? '';
      },
    };
    const line = {
      hangUp() {
        hungUp = true;
        caller.ended();
      },
      press(digit: string) {
        pressed += digit;
      },
    };
    open = (steps) => new ScriptedCaller({ ...script, steps }, line, speech);
    caller = open(script.steps);
  });

  /** The line carries the agent's voice, or silence, for so long; returns how long the caller spoke. */
  async function line(ms: number, agent?: Int16Array): Promise<number> {
    let spokeMs = 0;
    for (let at = 0; at < ms; at += 20) {
      if (caller.speak()) spokeMs += 20;
      caller.hear(agent);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return spokeMs;
  }

  /** The agent says something that is understood as `text`; then there is silence for `afterMs`. */
  async function agentSays(text: string, afterMs = 6_000): Promise<void> {
    words.push(text);
    await line(1_000, LOUD);
    await line(afterMs);
  }

  const said = () => caller.report().said.map(({ text }) => text);
  const [name, number, yes, wish] = script.steps.map((step) => ('say' in step ? step.say : step.press));

  test('answers each question when the agent has finished, and hangs up after the goodbye', async () => {
    await agentSays('hello may i have your name');
    await agentSays('what is the best number to reach you');
    await agentSays('i have two one two is that right');
    await agentSays('how can we help you');
    expect(said()).toEqual([name, number, yes, wish]);
    expect(hungUp).toBe(false);
    await agentSays('thank you goodbye');
    expect([hungUp, caller.report().endedBecause]).toEqual([true, 'the agent said goodbye']);
    expect(caller.report().heard).toHaveLength(5);
  });

  test('presses keys one after another where the script has keys', async () => {
    caller = open([{ expect: ['number'], press: '2125#' }]);
    await agentSays('what is the best number to reach you', 1_100);
    expect(pressed).toBe('2');
    await line(300);
    expect(pressed).toBe('21');
    await line(1_200);
    expect(pressed).toBe('2125#');
    expect(said()).toEqual(['2125#']);
  });

  test('says nothing while the agent speaks, short pauses included', async () => {
    words.push('may i have your name');
    await line(1_000, LOUD);
    await line(500);
    expect(await line(1_000, LOUD)).toBe(0);
    expect(await line(2_000)).toBeGreaterThan(0);
  });

  test('waits after a greeting for the question that follows it', async () => {
    await agentSays('hello this is the acme company', 1_500);
    expect(said()).toEqual([]);
    await agentSays('may i have your name');
    expect(said()).toEqual([name]);
  });

  test('gives the next answer when nothing that was heard fits', async () => {
    await agentSays('zebra');
    expect(said()).toEqual([name]);
  });

  test('repeats an answer that is asked for again', async () => {
    await agentSays('your name please');
    await agentSays('sorry what was your name');
    expect(said()).toEqual([name, name]);
    await agentSays('and your number');
    expect(said()).toEqual([name, name, number]);
  });

  test('hangs up when nothing is heard', async () => {
    await line(script.silenceMs + 100);
    expect(caller.report().endedBecause).toBe('nothing was heard for too long');
  });

  test('hangs up when the call does not end', async () => {
    await line(script.maxMs, LOUD);
    expect(caller.report().endedBecause).toBe('the call took too long');
  });

  test('tells that its ears failed', async () => {
    failing = true;
    await agentSays('may i have your name');
    expect(caller.report().problems).toEqual(['the recogniser is gone']);
  });
});
