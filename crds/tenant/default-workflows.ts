import type { Workflow } from './workflow.ts';

/**
 * The workflows a new tenant starts with. Their questions are worded so that they survive a narrow
 * line: short, with the word that matters in the middle.
 */
export const defaultWorkflows: readonly Workflow[] = [
  {
    name: 'lead-capture',
    displayName: 'Lead Capture',
    enabled: true,
    purpose: 'Learn who is calling, how to reach them, and what they want.',
    fields: [
      { name: 'name', label: 'Name', type: 'Name', prompt: 'May I have your name please?', required: true },
      {
        name: 'phone',
        label: 'Phone number',
        type: 'Phone',
        prompt: 'What number can we call you back on?',
        required: true,
      },
      { name: 'reason', label: 'Reason', type: 'Text', prompt: 'How can we help you today?', required: true },
    ],
    onComplete: { say: 'Thank you. We will call you back soon. Goodbye.', action: 'Hangup' },
  },
  {
    name: 'caller-questions',
    displayName: 'Caller Questions',
    enabled: true,
    purpose: 'Take down a question that somebody will answer.',
    fields: [
      { name: 'name', label: 'Name', type: 'Name', prompt: 'May I have your name please?', required: true },
      {
        name: 'question',
        label: 'Question',
        type: 'Text',
        prompt: 'How can we help you today?',
        required: true,
      },
    ],
    onComplete: { say: 'Thank you. We will call you back soon. Goodbye.', action: 'Hangup' },
  },
];
