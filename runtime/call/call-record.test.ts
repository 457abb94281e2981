import { expect, test } from 'vitest';
import { hungUp, lost, run, talking } from '#runtime/testing/call-life.ts';
import { callRecordSchema } from './call-record.ts';
import { conversationStateSchema, newConversation } from './conversation-state.ts';
import { decide } from './machine.ts';

test('fields of another release survive what this one makes of a call, from stream to settlement', () => {
  const { call } = run(...talking);
  const later = { by: 'the next release' };
  const record = callRecordSchema.parse({ ...call?.record, later });
  const conversation = conversationStateSchema.parse({ ...newConversation('lead-capture'), later });
  const resumed = decide({ record, conversation }, lost(false)(call))?.call;
  const settled = decide(resumed, hungUp(30))?.call;
  expect(settled?.record).toMatchObject({ state: 'settled', later });
  expect(settled?.conversation).toMatchObject({ later });
});
