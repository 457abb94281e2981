import { beforeEach, describe, expect, test } from 'vitest';
import { CodedAudio } from '#hack/standins/telnyx/media/coded-audio.ts';
import { PausingCaller } from './pausing-caller.ts';

const [word] = new CodedAudio({ sampleRateHz: 16_000, samples: new Int16Array(320).fill(1_000) }).frames;
/** 40 ms of speech, 60 ms of thought, 20 ms of speech. */
const TURN = { text: 'well, yes', frames: [word, word, undefined, undefined, undefined, word] };

describe('a caller who pauses', () => {
  let caller: PausingCaller;
  let hungUp: boolean;

  beforeEach(() => {
    hungUp = false;
    const line = {
      hangUp() {
        hungUp = true;
      },
    };
    caller = new PausingCaller({ turns: [TURN, TURN], line, repliesAfterMs: 700 });
  });

  /** So long a time in which the agent is heard or not; `w` for each frame of words, `-` for each without. */
  function pass(ms: number, agentSounds: boolean): string {
    let said = '';
    for (let at = 0; at < ms; at += 20) {
      said += caller.speak() ? 'w' : '-';
      caller.hear(undefined, agentSounds);
    }
    return said;
  }

  test('speaks once the agent has been heard and has finished, and pauses on the way', () => {
    expect(pass(1_000, false)).not.toContain('w');
    expect(pass(500, true)).not.toContain('w');
    expect(pass(700, false)).not.toContain('w');
    expect(pass(160, false)).toBe('ww---w--');
    expect(caller.spans).toEqual([{ text: 'well, yes', fromMs: 2_200, untilMs: 2_320, pauses: 1 }]);
  });

  test('waits for the agent between two turns', () => {
    pass(500, true);
    expect(pass(2_000, false).replaceAll('-', '')).toBe('www');
    pass(500, true);
    expect(pass(2_000, false).replaceAll('-', '')).toBe('www');
    expect(hungUp).toBe(false);
  });

  test('waits for what wants an answer, where somebody can tell', () => {
    let isQuestion = false;
    const line = { hangUp: () => undefined };
    caller = new PausingCaller({
      turns: [TURN],
      line,
      repliesAfterMs: 700,
      isAnswerWanted: () => isQuestion,
    });
    pass(500, true);
    expect(pass(2_000, false)).not.toContain('w');
    isQuestion = true;
    expect(pass(2_000, false)).toContain('w');
  });

  test('who is cut off says the rest, hears the agent out and hangs up', () => {
    pass(500, true);
    expect(pass(760, false)).toMatch(/ww-$/);
    expect(pass(400, true)).toMatch(/^--w-/);
    expect(pass(660, false)).not.toContain('w');
    expect(hungUp).toBe(false);
    pass(60, false);
    expect(hungUp).toBe(true);
  });

  test('hangs up where nothing more is heard', () => {
    pass(14_980, false);
    expect(hungUp).toBe(false);
    pass(20, false);
    expect(hungUp).toBe(true);
  });
});
