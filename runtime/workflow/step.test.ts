import { describe, expect, test } from 'vitest';
import { assistantSchema } from '#crds/tenant/assistant.ts';
import { recordingSchema } from '#crds/tenant/call-handling.ts';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { workflowSchema } from '#crds/tenant/workflow.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { leadOf, nextStep, openingStep, type Step } from './step.ts';

const [leadCapture = workflowSchema.parse({ name: 'missing' })] = defaultWorkflows;
const subject = {
  assistant: assistantSchema.parse({ greeting: 'Thank you for calling Acme.' }),
  recording: recordingSchema.parse({}),
};

function opening(): Step {
  return openingStep(newConversation('lead-capture'), leadCapture, subject);
}

function said(step: Step, text: string): Step {
  return nextStep(step.state, leadCapture, { kind: 'Words', text });
}

describe('the step-by-step driver', () => {
  test('greets, discloses and asks the first field, and lets nobody interrupt the disclosure', () => {
    const { speech, state, effect } = opening();
    expect(speech.text).toBe(
      'Thank you for calling Acme. I am an automated assistant. May I have your name please?',
    );
    expect(speech.text.slice(speech.protectedCharacters)).toBe(' May I have your name please?');
    expect(state).toMatchObject({ phase: 'Collecting', asking: 'name', attempts: 0 });
    expect(effect.kind).toBe('Listen');
  });

  test('asks each field in order and closes with the lead complete', () => {
    const phone = said(opening(), 'my name is alice johnson');
    expect(phone.speech.text).toBe('What number can we call you back on?');
    const reason = said(phone, 'five five five one two three four');
    expect(reason.speech.text).toBe('How can we help you today?');
    const closing = said(reason, 'i would like to book an appointment');
    expect(closing).toMatchObject({
      effect: { kind: 'End', reason: 'WorkflowCompleted' },
      state: { phase: 'Closing' },
    });
    expect(closing.state.asking).toBeUndefined();
    expect(leadOf(closing.state, leadCapture)).toEqual({
      complete: true,
      fields: [
        { name: 'name', label: 'Name', value: 'Alice Johnson', spoken: 'my name is alice johnson' },
        {
          name: 'phone',
          label: 'Phone number',
          value: '5551234',
          spoken: 'five five five one two three four',
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
    const phone = said(opening(), 'alice');
    const second = said(phone, 'i do not know');
    expect(second.speech.text).toBe('Sorry, I did not get that. What number can we call you back on?');
    const third = nextStep(second.state, leadCapture, { kind: 'Unclear' });
    expect(third.state).toMatchObject({ asking: 'phone', attempts: 2 });
    const reason = said(third, 'no idea');
    expect(reason.state).toMatchObject({ asking: 'reason', attempts: 0 });
    expect(leadOf(said(reason, 'a quote').state, leadCapture).complete).toBe(false);
  });

  test('silence asks again and uses up no attempt', () => {
    const asked = nextStep(opening().state, leadCapture, { kind: 'Silence' });
    expect(asked.speech.text).toBe('Are you still there? May I have your name please?');
    expect(asked.state).toEqual(opening().state);
  });

  test('an optional field is asked once', () => {
    const workflow = workflowSchema.parse({
      name: 'w',
      fields: [{ name: 'email', label: 'E-mail', type: 'Phone', prompt: 'Number?', required: false }],
    });
    const step = openingStep(newConversation('w'), workflow, subject);
    expect(nextStep(step.state, workflow, { kind: 'Unclear' }).effect.kind).toBe('End');
  });

  test('a conversation taken up by another pod goes on with the field being asked', () => {
    const { state } = said(opening(), 'alice');
    const resumed = openingStep(state, leadCapture, subject);
    expect(resumed.speech.text).toBe(
      'Sorry, we were cut off for a moment. What number can we call you back on?',
    );
    expect(resumed.state).toEqual(state);
    const returned = openingStep(state, leadCapture, subject, 'FailedTransfer');
    expect(returned.speech.text).toBe(
      'I am sorry, nobody could take your call there. What number can we call you back on?',
    );
  });

  test('a workflow without fields greets and says goodbye', () => {
    const step = openingStep(newConversation('w'), workflowSchema.parse({ name: 'w' }), subject);
    expect(step.effect.kind).toBe('End');
    expect(step.speech.text).toContain('Goodbye.');
    expect(step.speech.protectedCharacters).toBe(step.speech.text.length);
  });
});
