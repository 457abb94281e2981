import { describe, expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { subjectInTest } from './fakes/talk-in-test.ts';
import { wholeAnswer } from './whole-answer.ts';

const asking = (state: object) => ({
  subject: subjectInTest(),
  state: { ...newConversation('lead-capture'), phase: 'Collecting' as const, ...state },
});

describe('words in answer to a question', () => {
  test.each([
    [{ asking: 'name' }, 'alice', 'Unknown'],
    [{ asking: 'name' }, 'my name is alice johnson', 'Whole'],
    [{ asking: 'phone' }, 'two one two', 'Part'],
    [{ asking: 'phone' }, 'two one two five five five zero one four two', 'Whole'],
    [{ asking: 'phone' }, 'i do not know', 'Unknown'],
    [{ asking: 'reason' }, 'i need an appointment', 'Unknown'],
    [{ asking: 'phone', awaiting: 'ReadBack' }, 'yes', 'Whole'],
    [{ asking: 'phone', awaiting: 'ReadBack' }, 'yes that is right', 'Whole'],
    [{ asking: 'phone', awaiting: 'ReadBack' }, 'no it is five five five', 'Unknown'],
    [{ awaiting: 'Message', asking: 'message' }, 'yes', 'Unknown'],
    [{}, 'alice johnson', 'Unknown'],
  ])('%j: %j is %s', (state, text, expected) => {
    expect(wholeAnswer(asking(state), text)).toBe(expected);
  });
});
