import { describe, expect, test } from 'vitest';
import { TalkInTest } from './fakes/talk-in-test.ts';

const READ_BACK = 'I have two one two, five five five, zero one four two. Is that right?';
const OTHER_READ_BACK = 'I have two one two, five five five, zero one four three. Is that right?';
const CLOSING = 'Thank you. We will call you back soon. Goodbye.';

describe('keys', () => {
  const fields = [
    {
      name: 'topic',
      label: 'Topic',
      type: 'Choice',
      prompt: 'Sales or support?',
      choices: ['Sales', 'Support'],
    },
    { name: 'phone', label: 'Phone', type: 'Phone', prompt: 'Number?' },
  ];

  test('choose by number, give a number, and say yes and no', () => {
    const talk = new TalkInTest({ workflow: { name: 'w', fields } });
    expect(talk.presses('2')).toBe('Number?');
    expect(talk.presses('2125550142#')).toBe(READ_BACK);
    expect(talk.presses('2')).toBe('Sorry about that. Number?');
    expect(talk.presses('2125550143#')).toBe(OTHER_READ_BACK);
    expect(talk.presses('1')).toBe(CLOSING);
    expect(talk.lead).toEqual({ topic: 'Support', phone: '+12125550143' });
  });

  test('that choose nothing are told the choices', () => {
    const talk = new TalkInTest({ workflow: { name: 'w', fields } });
    expect(talk.presses('7')).toBe(
      'Sorry, I did not get that. You can say Sales or Support. Sales or support?',
    );
  });

  test.each<[string, string, string, Record<string, string>]>([
    ['a name, ended by #', 'alice johnson', '#', { name: 'Alice Johnson' }],
    ['a name, and a stray key', 'my name is alice johnson', '7', { name: 'Alice Johnson' }],
    [
      'a name, and the number',
      'alice johnson',
      '2125550142#',
      { name: 'Alice Johnson', phone: '+12125550142' },
    ],
  ])('beside words are used as well as those: %s', (_what, text, digits, lead) => {
    const talk = new TalkInTest();
    talk.hears({ kind: 'Digits', digits, text });
    expect(talk.lead).toEqual(lead);
  });

  test.each([
    ['the number, and a lead-in', 'it is', '2125550142#', READ_BACK],
    ['one half of the number each', 'two one two', '5550142', READ_BACK],
    ['the number, and a # behind it', 'two one two five five five zero one four two', '#', READ_BACK],
  ])('give a number together with words: %s', (_what, text, digits, reply) => {
    const talk = new TalkInTest();
    talk.says('alice johnson');
    expect(talk.hears({ kind: 'Digits', digits, text }).speech.text).toBe(reply);
  });

  test('beside words of free text are a part of it', () => {
    const fields = [{ name: 'reason', label: 'Reason', type: 'Text', prompt: 'Why?' }];
    const talk = new TalkInTest({ workflow: { name: 'w', fields } });
    talk.hears({ kind: 'Digits', digits: '4711#', text: 'my order is number' });
    expect(talk.lead).toEqual({ reason: 'my order is number 4711' });
  });

  test('do not keep words of danger from being heard', () => {
    const talk = new TalkInTest();
    expect(talk.hears({ kind: 'Digits', digits: '1', text: 'help my house is on fire' }).speech.text).toMatch(
      /emergency/,
    );
  });

  test('confirm beside a yes, and what else is said with it is kept', () => {
    const talk = new TalkInTest();
    talk.says('alice johnson', 'two one two five five five zero one four two');
    expect(talk.hears({ kind: 'Digits', digits: '1', text: 'yes' }).speech.text).toBe(
      'How can we help you today?',
    );
  });

  test('end a message', () => {
    const talk = new TalkInTest({ workflow: { name: 'w', onComplete: { action: 'TakeMessage' } } });
    talk.says('please call me');
    talk.presses('#');
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.lead).toEqual({ message: 'please call me' });
  });
});
