import { describe, expect, test } from 'vitest';
import { TalkInTest } from './fakes/talk-in-test.ts';
import { leadOf } from './form.ts';

const NUMBER = '212 555 0142';
const ASK_NUMBER = 'What number can we call you back on?';
const ASK_REASON = 'How can we help you today?';
const READ_BACK = 'I have two one two, five five five, zero one four two. Is that right?';
const OTHER_READ_BACK = 'I have two one two, five five five, zero one four three. Is that right?';

function atNumber(setUp: ConstructorParameters<typeof TalkInTest>[0] = {}): TalkInTest {
  const talk = new TalkInTest(setUp);
  talk.says('Alice Johnson');
  return talk;
}

describe('what was read back', () => {
  test('is put right in the same breath as the no', () => {
    const talk = atNumber();
    expect(talk.says(NUMBER)).toBe(READ_BACK);
    expect(talk.says("no, it's 212 555 0143")).toBe(OTHER_READ_BACK);
    expect(talk.says('yes')).toBe(ASK_REASON);
    expect(talk.lead['phone']).toBe('+12125550143');
  });

  test.each(['no', 'nope', "that's wrong", 'no it is not'])('is asked for again after “%s”', (no) => {
    expect(atNumber().says(NUMBER, no)).toBe(`Sorry about that. ${ASK_NUMBER}`);
  });

  test.each(['yes', 'yeah', 'correct', "that's right", "no, that's right", 'yes it is', NUMBER, 'uh, yes'])(
    'stands after “%s”',
    (yes) => {
      expect(atNumber().says(NUMBER, yes)).toBe(ASK_REASON);
    },
  );

  test('is read back again where neither yes nor no was heard, and left as it is in the end', () => {
    const talk = atNumber();
    expect(talk.says(NUMBER, 'bananas')).toBe(`Sorry, I did not get that. ${READ_BACK}`);
    expect(talk.says('bananas', 'bananas', 'apples', 'pears')).toBe(ASK_REASON);
    expect(talk.lead['phone']).toBe('+12125550142');
    expect(leadOf(talk.step.state, talk.subject.workflow).complete).toBe(false);
    talk.says('a quote');
    expect(leadOf(talk.step.state, talk.subject.workflow).complete).toBe(true);
  });

  test('makes a lead incomplete where it was rejected and nothing better came', () => {
    const talk = atNumber();
    talk.says(NUMBER, 'no', 'never you mind that', 'what number', 'x', 'y', 'z', 'w');
    talk.says('a quote', 'that is all');
    expect(talk.lead['phone']).toBe('+12125550142');
    expect(leadOf(talk.step.state, talk.subject.workflow).complete).toBe(false);
  });

  test('also ends where the caller corrects it for ever', () => {
    const talk = atNumber();
    const texts = Array.from({ length: 8 }, (_, index) => `no it's 212 555 014${index}`);
    for (const text of texts) if (talk.step.state.asking === 'phone') talk.says(text);
    expect(talk.step.state.asking).not.toBe('phone');
  });
});

describe('a number in parts', () => {
  test('is put together', () => {
    const talk = atNumber();
    expect(talk.says('two one two')).toBe(
      'So far I have two one two. What is the whole number, with the area code?',
    );
    expect(talk.says('five five five oh one four two')).toBe(READ_BACK);
  });

  test('takes its area code after the rest', () => {
    expect(atNumber().says('five five five oh one four two', 'area code two one two')).toBe(READ_BACK);
  });

  test('is taken as it is once it was said again', () => {
    const talk = atNumber();
    expect(talk.says('555 0142', '555 0142')).toBe(
      'I have five five five, zero one four two. Is that right?',
    );
  });

  test('is kept as far as it came', () => {
    const talk = atNumber();
    talk.says('five five five', 'bananas', 'apples');
    expect(talk.step.state.asking).toBe('reason');
  });
});
