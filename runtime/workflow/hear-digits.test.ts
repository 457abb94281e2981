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

  test('end a message', () => {
    const talk = new TalkInTest({ workflow: { name: 'w', onComplete: { action: 'TakeMessage' } } });
    talk.says('please call me');
    talk.presses('#');
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.lead).toEqual({ message: 'please call me' });
  });
});
