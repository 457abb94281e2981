import { describe, expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { subjectInTest } from './fakes/talk-in-test.ts';
import { wholeAnswer } from './whole-answer.ts';

const workflow = {
  name: 'visit',
  fields: [
    { name: 'name', label: 'Name', type: 'Name', prompt: 'Your name?' },
    { name: 'phone', label: 'Phone', type: 'Phone', prompt: 'Your number?' },
    { name: 'reason', label: 'Reason', prompt: 'What for?' },
    { name: 'day', label: 'Day', type: 'Date', prompt: 'Which day?' },
    { name: 'time', label: 'Time', type: 'Time', prompt: 'What time?' },
    { name: 'room', label: 'Room', type: 'Choice', choices: ['Garden', 'Terrace'], prompt: 'Where?' },
  ],
};

const asking = (state: object) => ({
  subject: subjectInTest({ workflow }),
  state: { ...newConversation('visit'), phase: 'Collecting' as const, ...state },
});

describe('words in answer to a question', () => {
  test.each([
    [{ asking: 'name' }, 'alice', 'Unknown'],
    [{ asking: 'name' }, 'my name is alice johnson', 'Whole'],
    [{ asking: 'phone' }, 'two one two', 'Part'],
    [{ asking: 'phone' }, 'two one two five five five zero one four two', 'Whole'],
    [{ asking: 'phone' }, 'i do not know', 'Unknown'],
    [{ asking: 'reason' }, 'i need an appointment', 'Unknown'],
    [{ asking: 'reason' }, 'no nothing else', 'Whole'],
    [{ asking: 'room' }, 'in the garden', 'Rounded'],
    [{ asking: 'room' }, 'i do not mind', 'Unknown'],
    [{ asking: 'day' }, 'friday', 'Unknown'],
    [{ asking: 'day' }, 'next friday', 'Rounded'],
    [{ asking: 'time' }, 'at ten', 'Unknown'],
    [{ asking: 'time' }, 'half past three', 'Rounded'],
    [{ asking: 'time' }, 'at noon', 'Rounded'],
    [{ asking: 'time' }, 'around noon', 'Unknown'],
    [{ asking: 'time' }, 'at three in the afternoon', 'Rounded'],
    [{ asking: 'phone', awaiting: 'ReadBack' }, 'yes', 'Whole'],
    [{ asking: 'phone', awaiting: 'ReadBack' }, 'yes that is right', 'Whole'],
    [{ asking: 'phone', awaiting: 'ReadBack' }, 'no it is five five five', 'Unknown'],
    [{ awaiting: 'Message', asking: 'message' }, 'yes', 'Unknown'],
    [{}, 'alice johnson', 'Unknown'],
  ])('%j: %j is %s', (state, text, expected) => {
    expect(wholeAnswer(asking(state), text)).toBe(expected);
  });
});
