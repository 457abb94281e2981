import { describe, expect, test } from 'vitest';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { MONDAY_MORNING_MS, subjectInTest } from './fakes/talk-in-test.ts';
import { workflowFor } from './workflow-for.ts';

const closed = {
  weekly: [{ day: 'Tuesday', opens: '09:00', closes: '17:00' }],
  whenClosed: { workflow: 'night' },
};

function nameFor(profile: Record<string, unknown>, state = newConversation('day')): string {
  return workflowFor(subjectInTest({ profile }).profile, state, MONDAY_MORNING_MS).name;
}

describe('the workflow of a call', () => {
  const workflows = [{ name: 'first' }, { name: 'day' }, { name: 'night' }];

  test('is the one that it was routed to', () => {
    expect(nameFor({ workflows })).toBe('day');
  });

  test('is the one for closed hours where it begins in them', () => {
    expect(nameFor({ workflows, businessHours: closed })).toBe('night');
  });

  test('stays the one that it began with, also when it closes meanwhile', () => {
    const begun = { ...newConversation('day'), phase: 'Collecting' as const };
    expect(nameFor({ workflows, businessHours: closed }, begun)).toBe('day');
  });

  test('is the first enabled one where the tenant has taken the right one away', () => {
    expect(nameFor({ workflows: [{ name: 'day', enabled: false }, { name: 'first' }] })).toBe('first');
    const whenClosed = { ...closed, whenClosed: { workflow: 'gone' } };
    expect(nameFor({ workflows, businessHours: whenClosed })).toBe('day');
  });

  test('is a goodbye in the language of the tenant where there is none', () => {
    const { profile } = subjectInTest({ profile: { workflows: [], language: 'de-DE' } });
    const { onComplete } = workflowFor(profile, newConversation('day'), MONDAY_MORNING_MS);
    expect(onComplete.say).toContain('Auf Wiederhören.');
  });
});
