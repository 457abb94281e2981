import { rulesSchema } from '#hack/engines/rule-model.ts';
import type { Interview } from './interview.ts';

/**
 * Callers who want an appointment. All pauses but the one after "hello" lie within a sentence. Some come after words that
 * could be all of the answer: there, only how long it is tells that more is to come.
 */
export const APPOINTMENT_INTERVIEW: Interview = {
  name: 'appointments',
  answering: {
    assistant: { greeting: 'Thank you for calling.', disclosure: { enabled: false } },
    workflow: {
      name: 'interview',
      fields: [
        { name: 'name', label: 'Name', type: 'Name', prompt: 'May I have your name please?' },
        { name: 'phone', label: 'Phone', type: 'Phone', prompt: 'What is the best number to reach you?' },
        { name: 'day', label: 'Day', type: 'Date', prompt: 'Which day would suit you?' },
        { name: 'reason', label: 'Reason', prompt: 'How can we help you?' },
        { name: 'details', label: 'Details', prompt: 'Is there anything else that we should know?' },
      ],
    },
  },
  turns: [
    [
      ['my name is', 'john smith'],
      ['this is', 'um', 'david brown'],
      ['hello', 'my name is alice', 'johnson'],
      ['david brown'],
    ],
    [
      ['it is', 'two one two', 'five five five', 'zero one four two'],
      ['my number is two one two', 'five five five zero one', 'four two'],
      ['you can reach me at', 'two one two five five five', 'zero one four two'],
    ],
    [['yes that is right']],
    [
      ['i was thinking of', 'next tuesday'],
      ['maybe on', 'um', 'friday'],
      ['friday', 'if that is possible'],
      ['next tuesday'],
    ],
    [['yes that is correct']],
    [
      ['i would like to', 'book an appointment', 'for my dog'],
      ['the heating in my house', 'has stopped working', 'since last night'],
      ['i have a question about', 'the price of a new roof'],
      ['we need', 'a new window', 'in our kitchen'],
    ],
    [
      ['please come', 'after five', 'because i am at work'],
      ['well', 'the gate is locked', 'so please ring the bell'],
      ['no that is all'],
    ],
  ],
  rules: rulesSchema.parse([
    {
      hears: 'yes that is right',
      says: 'Thank you. Which day would suit you?',
      calls: [{ name: 'confirm_answer', arguments: { field: 'phone' } }],
    },
    {
      hears: 'yes that is correct',
      says: 'Very good. How can we help you?',
      calls: [{ name: 'confirm_answer', arguments: { field: 'day' } }],
    },
    {
      hears: '(?:my name is|this is|^)(?: um)? *(?<name>john smith|david brown|alice johnson)$',
      says: 'Thank you. What is the best number to reach you?',
      calls: [{ name: 'save_answer', arguments: { field: 'name', value: '$<name>' } }],
    },
    {
      hears: '(?<phone>two one two five five five zero one four two)$',
      says: 'Thank you.',
      calls: [{ name: 'save_answer', arguments: { field: 'phone', value: '$<phone>' } }],
    },
    {
      hears: '(?<day>next tuesday|friday)',
      says: 'Let me see.',
      calls: [{ name: 'save_answer', arguments: { field: 'day', value: '$<day>' } }],
    },
    {
      hears: '(?<details>please come.*|well.*|no.*)',
      says: 'Thank you, I will pass that on.',
      calls: [
        { name: 'save_answer', arguments: { field: 'details', value: '$<details>' } },
        { name: 'finish', arguments: {} },
      ],
    },
    {
      hears: '(?<reason>.*(?:appointment|heating|roof|window).*)',
      says: 'I see. Is there anything else that we should know?',
      calls: [{ name: 'save_answer', arguments: { field: 'reason', value: '$<reason>' } }],
    },
    { told: 'read it back as "(?<value>[^"]+)"', says: 'I have $<value>, is that right?' },
  ]),
};
