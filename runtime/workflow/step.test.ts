import { describe, expect, test } from 'vitest';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { conversationStateSchema, newConversation } from '#runtime/call/conversation-state.ts';
import { subjectInTest, TalkInTest } from './fakes/talk-in-test.ts';
import { leadOf } from './form.ts';
import { openingStep } from './step.ts';

describe('the step-by-step driver', () => {
  test('greets, discloses and asks the first field, and lets nobody interrupt the disclosure', () => {
    const { speech, state, effect } = new TalkInTest().step;
    expect(speech.text).toBe(
      'Thank you for calling Acme. I am an automated assistant. May I have your name please?',
    );
    expect(speech.text.slice(speech.protectedCharacters)).toBe(' May I have your name please?');
    expect(state).toMatchObject({ phase: 'Collecting', asking: 'name', attempts: 0 });
    expect(effect).toEqual({ kind: 'Listen' });
  });

  test('asks each field in order, reads the number back and closes with the lead complete', () => {
    const talk = new TalkInTest();
    expect(talk.says('my name is alice johnson')).toBe('What number can we call you back on?');
    expect(talk.step.effect).toEqual({ kind: 'Listen', for: 'Digits' });
    expect(talk.says('two one two five five five zero one four two')).toBe(
      'I have two one two, five five five, zero one four two. Is that right?',
    );
    expect(talk.says('yes')).toBe('How can we help you today?');
    expect(talk.says('i would like to book an appointment')).toBe(
      'Thank you. We will call you back soon. Goodbye.',
    );
    expect(talk.step).toMatchObject({
      effect: { kind: 'End', reason: 'WorkflowCompleted' },
      state: { phase: 'Closing' },
    });
    expect(talk.step.state.asking).toBeUndefined();
    expect(leadOf(talk.step.state, talk.subject.workflow)).toEqual({
      complete: true,
      fields: [
        { name: 'name', label: 'Name', value: 'Alice Johnson', spoken: 'my name is alice johnson' },
        {
          name: 'phone',
          label: 'Phone number',
          value: '+12125550142',
          spoken: 'two one two five five five zero one four two',
        },
        {
          name: 'reason',
          label: 'Reason',
          value: 'i would like to book an appointment',
          spoken: 'i would like to book an appointment',
        },
      ],
    });
  });

  test('asks an unanswered field twice more, then goes on without it, and the lead is not complete', () => {
    const talk = new TalkInTest();
    talk.says('alice');
    expect(talk.says('i do not know')).toBe(
      'Sorry, I did not get that. What number can we call you back on?',
    );
    talk.hears({ kind: 'Unclear' });
    expect(talk.step.state).toMatchObject({ asking: 'phone', attempts: 2 });
    talk.says('no idea');
    expect(talk.step.state).toMatchObject({ asking: 'reason', attempts: 0 });
    talk.says('a quote');
    expect(leadOf(talk.step.state, talk.subject.workflow).complete).toBe(false);
  });

  test('silence asks again and uses up no attempt', () => {
    const talk = new TalkInTest();
    const { state } = talk.step;
    expect(talk.hears({ kind: 'Silence' }).speech.text).toBe(
      'Are you still there? May I have your name please?',
    );
    expect(talk.step.state).toEqual(state);
  });

  test('an optional field is asked once', () => {
    const fields = [{ name: 'phone', label: 'Phone', type: 'Phone', prompt: 'Number?', required: false }];
    const talk = new TalkInTest({ workflow: { name: 'w', fields } });
    expect(talk.hears({ kind: 'Unclear' }).effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
  });

  test('a conversation taken up by another pod goes on with the question that is open', () => {
    const talk = new TalkInTest();
    talk.says('alice');
    const resumed = openingStep(talk.step.state, talk.subject);
    expect(resumed.speech.text).toBe(
      'Sorry, we were cut off for a moment. What number can we call you back on?',
    );
    expect(resumed.state).toEqual(talk.step.state);
    talk.says('212 555 0142');
    expect(openingStep(talk.step.state, talk.subject).speech.text).toBe(
      'Sorry, we were cut off for a moment. I have two one two, five five five, zero one four two. Is that right?',
    );
  });

  test('a caller who comes back from a person is offered to leave a message, and else goes on', () => {
    const talk = new TalkInTest();
    talk.says('alice');
    talk.step = openingStep(talk.step.state, talk.subject, 'FailedTransfer');
    expect(talk.step.speech.text).toBe(
      'I am sorry, nobody could take your call there. Would you like to leave a message?',
    );
    expect(talk.says('no thank you')).toBe('What number can we call you back on?');
  });

  test('a state of the last release is gone on with, and what it had given up is not asked', () => {
    const subject = subjectInTest();
    const [name] = new TalkInTest({}).subject.workflow.fields;
    const old = {
      ...newConversation('lead-capture'),
      phase: 'Collecting' as const,
      asking: 'reason',
      collected: [{ name: 'phone', label: 'Phone number', value: '5551234', spoken: '555 1234' }],
    };
    const talk = new TalkInTest({}, openingStep(old, subject));
    expect(talk.step.speech.text).toContain('How can we help you today?');
    expect(talk.says('a quote')).toBe('Thank you. We will call you back soon. Goodbye.');
    expect(talk.lead[name?.name ?? '']).toBeUndefined();
    expect(talk.lead).toEqual({ phone: '5551234', reason: 'a quote' });
  });

  test('a workflow without fields greets and says goodbye', () => {
    const talk = new TalkInTest({ workflow: { name: 'w' } });
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.step.speech.text).toContain('Goodbye.');
    expect(talk.step.speech.protectedCharacters).toBe(talk.step.speech.text.length);
  });

  test('both workflows that a tenant begins with can be held', () => {
    for (const workflow of defaultWorkflows) {
      const talk = new TalkInTest({ workflow });
      talk.says('Jane Doe', '212 555 0142', 'yes', 'I need a quote');
      expect(talk.step.state.phase).toBe('Closing');
    }
  });
});

test('every state on the way survives JSON and its schema', () => {
  const talk = new TalkInTest();
  for (const text of [
    'hold on',
    'Jane',
    'two one two',
    '212 555 0142',
    'no',
    '212 555 0142',
    'operator',
    'yes',
    'call me',
  ]) {
    talk.says(text);
    const { state } = talk.step;
    expect(conversationStateSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
  }
});
