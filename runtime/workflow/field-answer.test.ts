import { describe, expect, test } from 'vitest';
import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { fieldAnswer } from './field-answer.ts';

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
    expect(fieldAnswer(field('Name'), spoken)).toBe(value);
  });

  test.each([
    ['five five five one two three four', '5551234'],
    ['you can reach me at five five five oh one double two', '5550122'],
    ['555-0123 4567', '55501234567'],
    ['plus one four one five five five five two six seven one', '+14155552671'],
    ['eight hundred five five five twelve twenty five', '8005551225'],
    ['five five five one to for three', '5551243'],
    ['triple five one two three four', '5551234'],
    ['five five five thirty four twenty one', '5553421'],
  ])('phone: %s → %s', (spoken, value) => {
    expect(fieldAnswer(field('Phone'), spoken)).toBe(value);
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
    expect(fieldAnswer(asked, spoken)).toBeUndefined();
  });

  test('a choice is found in a sentence, whatever its case', () => {
    expect(fieldAnswer(field('Choice', ['Sales', 'Tech Support']), 'I want tech support please')).toBe(
      'Tech Support',
    );
  });

  test('free text is kept as it was said', () => {
    expect(fieldAnswer(field('Text'), ' I need  a quote. ')).toBe('I need a quote.');
  });
});
