import { describe, expect, test } from 'vitest';
import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { contextInTest } from '../fakes/talk-in-test.ts';
import { fieldAnswer } from './field-answer.ts';

const context = contextInTest();

function valueOf(asked: WorkflowField, spoken: string): string | undefined {
  const answer = fieldAnswer(asked, spoken, context);
  return answer?.kind === 'Value' ? answer.value : undefined;
}

function field(type: WorkflowField['type'], choices?: string[]): WorkflowField {
  const base = { name: 'f', label: 'F', type, prompt: '?', required: true };
  return choices ? { ...base, choices } : base;
}

describe('an answer is normalised by the type of its field', () => {
  test.each([
    ['my name is alice johnson', 'Alice Johnson'],
    ["yes hello it's o'neil", "O'Neil"],
    ['This is Mary Smith-jones calling about my car', 'Mary Smith-Jones'],
    ["Uh, I'm Bob.", 'Bob'],
    ['alice and i need help', 'Alice'],
    ['ronald McDonald', 'Ronald McDonald'],
  ])('name: %s → %s', (spoken, value) => {
    expect(valueOf(field('Name'), spoken)).toBe(value);
  });

  test.each([
    ['two one two five five five zero one four two', '+12125550142'],
    ['you can reach me at two one two five five five oh one double two', '+12125550122'],
    ['212-555-0123', '+12125550123'],
    ['plus one four one five five five five two six seven one', '+14155552671'],
    ['eight hundred five five five twelve twenty five', '+18005551225'],
    ['two one two five five five one to for three', '+12125551243'],
    ['two one two triple five one two three four', '+12125551234'],
    ['area code 212, five five five thirty four twenty one', '+12125553421'],
    ['plus four four two oh seven nine four six oh nine five eight', '+442079460958'],
  ])('phone: %s → %s', (spoken, value) => {
    expect(valueOf(field('Phone'), spoken)).toBe(value);
  });

  test.each([
    [field('Phone'), 'call me at work'],
    [field('Phone'), 'one two three'],
    [field('Phone'), 'one two three four five six seven eight nine one two three four five six seven'],
    [field('Name'), 'my name is'],
    [field('Name'), 'um, uh'],
    [field('Text'), ''],
    [field('Text'), ' ... '],
    [field('Choice', ['Sales', 'Support']), 'neither'],
    [field('Choice', ['Sales', 'Support']), 'sales or support'],
  ])('%o: %s is no answer', (asked, spoken) => {
    expect(valueOf(asked, spoken)).toBeUndefined();
  });

  test('a choice is found in a sentence, whatever its case', () => {
    expect(valueOf(field('Choice', ['Sales', 'Tech Support']), 'I want tech support please')).toBe(
      'Tech Support',
    );
  });

  test('free text is kept as it was said', () => {
    expect(valueOf(field('Text'), ' I need  a quote. ')).toBe('I need a quote.');
  });
});
