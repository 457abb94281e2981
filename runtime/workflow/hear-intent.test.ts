import { describe, expect, test } from 'vitest';
import { TalkInTest } from './fakes/talk-in-test.ts';
import { leadOf } from './form.ts';
import { openingStep } from './step.ts';

const NUMBER = '212 555 0142';
const ASK_NUMBER = 'What number can we call you back on?';
const READ_BACK = 'I have two one two, five five five, zero one four two. Is that right?';
const CLOSING = 'Thank you. We will call you back soon. Goodbye.';
const OFFER = 'Would you like to leave a message?';
const DESK = { name: 'desk', number: '+13125550177' };

function atNumber(setUp: ConstructorParameters<typeof TalkInTest>[0] = {}): TalkInTest {
  const talk = new TalkInTest(setUp);
  talk.says('Alice Johnson');
  return talk;
}

describe('a person', () => {
  const open = { profile: { transferTargets: [DESK] } };

  test('is put through, also by the key 0', () => {
    const connected = {
      effect: { kind: 'Transfer', target: 'desk' },
      speech: { text: 'One moment please, I am connecting you.' },
    };
    const talk = atNumber(open);
    talk.says('can I speak to a human');
    expect(talk.step).toMatchObject(connected);
    const other = atNumber(open);
    other.presses('0');
    expect(other.step).toMatchObject(connected);
    expect(other.step.state.asking).toBe('phone');
  });

  test('is the first who is there at this hour', () => {
    const night = { weekly: [{ day: 'Monday', opens: '20:00', closes: '22:00' }] };
    const targets = [{ name: 'night', number: '+13125550178', hours: night }, DESK];
    const talk = atNumber({ profile: { transferTargets: targets } });
    talk.says('operator');
    expect(talk.step.effect).toEqual({ kind: 'Transfer', target: 'desk' });
  });

  test('who is not there is replaced by the offer of a message', () => {
    const talk = atNumber();
    expect(talk.says('operator')).toBe(`Nobody is available at the moment. ${OFFER}`);
    expect(talk.says('sure')).toBe('Please say your message now, and press the pound key when you are done.');
    expect(talk.says('please call me back')).toBe('');
    expect(talk.step.effect).toEqual({ kind: 'Listen', for: 'Message' });
    talk.says('it is about the roof');
    talk.hears({ kind: 'Silence' });
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.lead).toEqual({
      name: 'Alice Johnson',
      message: 'please call me back it is about the roof',
    });
  });

  test('is not tried for ever', () => {
    const talk = atNumber(open);
    for (let tries = 0; tries < 3; tries++) {
      talk.says('operator');
      expect(talk.step.effect.kind).toBe('Transfer');
      talk.step = openingStep(talk.step.state, talk.subject, 'FailedTransfer');
      talk.says('no');
    }
    expect(talk.says('operator')).toBe(`Nobody is available at the moment. ${OFFER}`);
  });

  test('hears the name that was said in the same breath', () => {
    const talk = new TalkInTest(open);
    talk.says('My name is Jane Doe and I want to speak to a person');
    expect(talk.lead).toEqual({ name: 'Jane Doe' });
  });
});

describe('danger', () => {
  const warning = 'If this is an emergency, please hang up and dial 9 1 1 now.';

  test('is answered with the number to dial, whatever was asked, and only once', () => {
    const talk = atNumber();
    expect(talk.says('there is a gas leak')).toBe(`${warning} ${ASK_NUMBER}`);
    expect(talk.step.speech.protectedCharacters).toBe(warning.length);
    talk.says(NUMBER, 'yes');
    expect(talk.says('a gas leak')).toBe(CLOSING);
    expect(talk.lead['reason']).toBe('a gas leak');
  });

  test('is escalated to a person, at any hour', () => {
    const closed = { ...DESK, hours: { weekly: [] } };
    const talk = atNumber({ profile: { transferTargets: [closed] } });
    expect(talk.says("I can't breathe")).toContain(warning);
    expect(talk.step.effect).toEqual({ kind: 'Transfer', target: 'desk' });
  });

  test('gets a person at once, also one who is asked first else', () => {
    const talk = atNumber({ profile: { transferTargets: [{ ...DESK, mode: 'Warm' }] } });
    expect(talk.says("I can't breathe")).toContain(warning);
    expect(talk.step.effect).toEqual({ kind: 'Transfer', target: 'desk' });
  });

  test('is not escalated to a person in a country that is not called', () => {
    const abroad = { ...DESK, number: '+442079460177' };
    const talk = atNumber({ profile: { transferTargets: [abroad] } });
    expect(talk.says("I can't breathe")).toContain(warning);
    expect(talk.step.effect).toMatchObject({ kind: 'Listen' });
  });

  test('is called by the number of the country that was called', () => {
    const talk = atNumber({ calledNumber: '+442079460958' });
    expect(talk.says('my house is on fire')).toContain('dial 9 9 9 now');
  });
});

describe('what always works', () => {
  test('a goodbye ends the call with what there is', () => {
    const talk = atNumber();
    talk.says('never mind');
    expect(talk.step).toMatchObject({
      effect: { kind: 'End', reason: 'CallerSaidGoodbye' },
      state: { phase: 'Closing' },
    });
    expect(leadOf(talk.step.state, talk.subject.workflow)).toMatchObject({ complete: false });
  });

  test('the question is repeated, by words and by the key *', () => {
    const talk = atNumber();
    expect(talk.says('pardon?')).toBe(ASK_NUMBER);
    expect(talk.presses('*')).toBe(ASK_NUMBER);
    expect(talk.says(NUMBER, 'what did you say')).toBe(READ_BACK);
    expect(talk.step.state.attempts).toBe(0);
  });

  test('whoever asks to wait is waited for', () => {
    const talk = atNumber();
    expect(talk.says('hold on')).toBe('Of course, take your time.');
    expect(talk.step.effect).toEqual({ kind: 'Listen', for: 'Return' });
  });

  test('whoever asks is told that no person speaks', () => {
    expect(atNumber().says('are you a real person?')).toBe(
      `I am an automated assistant, not a person. ${ASK_NUMBER}`,
    );
  });

  test('a recording on the line ends the call without a word', () => {
    const talk = new TalkInTest();
    expect(talk.says('please leave a message after the tone')).toBe('');
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'CallerIsMachine' });
  });

  test('so does one that says the same over and over', () => {
    const talk = new TalkInTest();
    const loop = 'thanks for holding somebody is with you soon';
    talk.says(loop, loop, loop);
    expect(talk.step.effect.kind).toBe('Listen');
    talk.says(loop);
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'CallerIsMachine' });
  });

  test('asking for it again and again does not hold the line for ever', () => {
    const talk = new TalkInTest();
    for (let said = 0; said < 40 && talk.step.effect.kind === 'Listen'; said++) {
      talk.says(said % 2 === 0 ? 'pardon?' : 'hold on');
    }
    expect(talk.step.effect.kind).toBe('End');
  });
});
