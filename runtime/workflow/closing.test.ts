import { describe, expect, test } from 'vitest';
import { workflowSchema } from '#crds/tenant/workflow.ts';
import { TalkInTest } from './fakes/talk-in-test.ts';
import { openingStep } from './step.ts';

const ASK_NAME = 'May I have your name please?';
const DESK = { name: 'desk', number: '+13125550177' };

describe('the end of a form', () => {
  const name = { name: 'name', label: 'Name', type: 'Name', prompt: ASK_NAME };
  const handsOver = workflowSchema.parse({
    name: 'w',
    fields: [name],
    onComplete: { say: 'I will connect you now.', action: 'Transfer', transferTarget: 'desk' },
  });

  test('hands over to the person whom the workflow names', () => {
    const talk = new TalkInTest({ workflow: handsOver, profile: { transferTargets: [DESK] } });
    expect(talk.says('Jane')).toBe('I will connect you now.');
    expect(talk.step).toMatchObject({
      effect: { kind: 'Transfer', target: 'desk' },
      state: { phase: 'Closing' },
    });
  });

  test('takes a message where that person does not answer, or is not there at this hour', () => {
    const talk = new TalkInTest({ workflow: handsOver, profile: { transferTargets: [DESK] } });
    talk.says('Jane');
    talk.step = openingStep({ ...talk.step.state, phase: 'Done' }, talk.subject, 'FailedTransfer');
    expect(talk.step.speech.text).toMatch(
      /^I am sorry, nobody could take your call there\. Please say your message/,
    );
    const closed = { ...DESK, hours: { weekly: [] } };
    const other = new TalkInTest({ workflow: handsOver, profile: { transferTargets: [closed] } });
    expect(other.says('Jane')).toMatch(/^Nobody is available at the moment\. Please say your message/);
  });

  test('takes a message in the words of the tenant, until it is all', () => {
    const workflow = {
      name: 'w',
      fields: [name],
      onComplete: { say: 'Tell us what it is about.', action: 'TakeMessage' },
    };
    const talk = new TalkInTest({ workflow });
    expect(talk.says('Jane')).toBe('Tell us what it is about.');
    talk.says('the roof leaks', "that's all, thank you");
    expect(talk.step.effect).toEqual({ kind: 'End', reason: 'WorkflowCompleted' });
    expect(talk.lead).toEqual({ name: 'Jane', message: 'the roof leaks' });
  });
});

describe('outside the hours', () => {
  const businessHours = {
    weekly: [{ day: 'Tuesday', opens: '09:00', closes: '17:00' }],
    whenClosed: { say: 'Our office is closed right now.' },
  };

  test('the caller is told so after the greeting, and cannot interrupt it', () => {
    const { speech } = new TalkInTest({ profile: { businessHours } }).step;
    expect(speech.text).toBe(
      `Thank you for calling Acme. I am an automated assistant. Our office is closed right now. ${ASK_NAME}`,
    );
    expect(speech.text.slice(speech.protectedCharacters)).toBe(` ${ASK_NAME}`);
  });

  test('and inside them not', () => {
    const nowMs = Date.UTC(2026, 11, 1, 16);
    expect(new TalkInTest({ nowMs, profile: { businessHours } }).step.speech.text).not.toContain('closed');
  });
});
