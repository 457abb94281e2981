import { describe, expect, test } from 'vitest';
import { workflowSchema } from '#crds/tenant/workflow.ts';
import { TalkInTest } from './fakes/talk-in-test.ts';
import { handOver, waitingTexts } from './hand-over.ts';

const ANNA = { name: 'anna-lee', displayName: 'Anna', mode: 'Warm', number: '+13125550177' } as const;
const FIELDS = [
  { name: 'name', label: 'Name', type: 'Name', prompt: 'May I have your name please?' },
  { name: 'phone', label: 'Phone', type: 'Phone', prompt: 'What is your number?' },
  { name: 'reason', label: 'Reason', type: 'Text', prompt: 'What is it about?' },
];
const workflow = workflowSchema.parse({ name: 'w', fields: FIELDS });

function talkTo(target: object): TalkInTest {
  return new TalkInTest({ workflow, profile: { transferTargets: [target] } });
}

describe('a person who is asked first', () => {
  test('hears who calls and about what, and how the call is taken; the caller hears of it', () => {
    const talk = talkTo(ANNA);
    talk.says('Jane Miller');
    expect(talk.says('a person please')).toBe('I will see whether Anna is free. One moment please.');
    const { effect } = talk.step;
    expect(effect).toMatchObject({ kind: 'Transfer', target: 'anna-lee' });
    expect('summary' in effect && effect.summary).toMatch(
      /^Hello, this is the assistant of Acme, with a caller for you\. .*Name: Jane Miller\. To take the call, press 1\. To decline it, press 2\.$/,
    );
  });

  test('is called by their name where there is no better one', () => {
    const talk = talkTo({ ...ANNA, displayName: undefined });
    expect(talk.says('a person please')).toMatch(/whether anna lee is free/);
    expect(waitingTexts(talk.subject.profile, 'anna-lee')[0]).toMatch(/reach anna lee\./);
  });

  test('is not told what the caller has taken back, nor more than there is time for', () => {
    const talk = talkTo(ANNA);
    const long = 'very long words '.repeat(40);
    const collected = [
      { name: 'name', label: 'Name', value: 'Wrong', spoken: 'wrong', status: 'Rejected' },
      { name: 'reason', label: 'Reason', value: long, spoken: long },
      ...Array.from({ length: 9 }, (_, index) => ({
        name: `more-${index}`,
        label: `More ${index}`,
        value: long,
        spoken: long,
      })),
    ];
    const target = talk.subject.profile.transferTargets[0];
    if (!target) throw new Error('there is a target');
    const { summary = '' } = handOver(
      { subject: talk.subject, state: { ...talk.step.state, collected } },
      target,
    );
    expect(summary).not.toContain('Wrong');
    expect(summary).toContain('Reason: very long');
    expect(summary.length).toBeLessThan(700);
  });
});

test('whoever is not asked gets the caller without a word', () => {
  const talk = talkTo({ name: 'desk', number: '+13125550177' });
  expect(talk.says('a person please')).toBe('One moment please, I am connecting you.');
  expect(talk.step.effect).toEqual({ kind: 'Transfer', target: 'desk' });
});

test('a workflow that ends with a person who is asked first says so after its own words', () => {
  const ends = workflowSchema.parse({
    name: 'w',
    fields: FIELDS.slice(0, 1),
    onComplete: { say: 'Thank you.', action: 'Transfer', transferTarget: 'anna-lee' },
  });
  const talk = new TalkInTest({ workflow: ends, profile: { transferTargets: [ANNA] } });
  expect(talk.says('Jane')).toBe('Thank you. I will see whether Anna is free. One moment please.');
});
