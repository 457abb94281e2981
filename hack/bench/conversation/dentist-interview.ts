import { rulesSchema } from '#hack/engines/rule-model.ts';
import type { Interview } from './interview.ts';

/**
 * Callers of a third business, whose phrases were written down before any wait or rule was changed for those of the
 * other two. No wait and no word is to be chosen by what becomes of them.
 */
export const DENTIST_INTERVIEW: Interview = {
  name: 'a dentist',
  answering: {
    assistant: { greeting: 'This is the dental practice.', disclosure: { enabled: false } },
    workflow: {
      name: 'dentist',
      fields: [
        { name: 'name', label: 'Name', type: 'Name', prompt: 'What is your name?' },
        { name: 'phone', label: 'Phone', type: 'Phone', prompt: 'What is your phone number?' },
        {
          name: 'treatment',
          label: 'Treatment',
          type: 'Choice',
          choices: ['Cleaning', 'Filling', 'Crown'],
          prompt: 'Is it for a cleaning, a filling or a crown?',
        },
        { name: 'day', label: 'Day', type: 'Date', prompt: 'When would you like to come?' },
        { name: 'complaint', label: 'Complaint', prompt: 'What seems to be the problem?' },
        { name: 'note', label: 'Note', prompt: 'Do we need to know anything else?' },
      ],
    },
  },
  turns: [
    [
      ['i am', 'thomas baker'],
      ['it is laura', 'wilson'],
      ['emma turner'],
      ['hi', 'my name is', 'um', 'peter hall'],
    ],
    [
      ['six one nine', 'five five five', 'zero one seven three'],
      ['you can call', 'six one nine five five five', 'zero one seven three'],
      ['six one nine five five five zero one seven three'],
    ],
    [['yes exactly']],
    [['a cleaning'], ['a cleaning', 'please'], ['i need', 'a filling'], ['it might be', 'a crown']],
    [
      ['on monday'],
      ['next thursday', 'in the afternoon'],
      ['any time', 'on wednesday'],
      ['could it be', 'this friday'],
    ],
    [['that is correct']],
    [
      ['one of my teeth', 'hurts', 'when i drink something cold'],
      ['my gums have been bleeding', 'for two weeks'],
      ['i lost a filling', 'last night'],
      ['there is nothing wrong', 'i just want a check'],
      ['i broke a tooth'],
      ['it has been hurting', 'since sunday'],
    ],
    [
      ['i am allergic', 'to penicillin'],
      ['no'],
      ['i am a bit afraid', 'of needles', 'to be honest'],
      ['no nothing else'],
      ['my daughter will come', 'with me'],
    ],
  ],
  rules: rulesSchema.parse([
    {
      hears: '^yes exactly$',
      says: 'Thank you. Is it for a cleaning, a filling or a crown?',
      calls: [{ name: 'confirm_answer', arguments: { field: 'phone' } }],
    },
    {
      hears: '^that is correct$',
      says: 'Very well. What seems to be the problem?',
      calls: [{ name: 'confirm_answer', arguments: { field: 'day' } }],
    },
    {
      hears: '(?<name>thomas baker|laura wilson|emma turner|peter hall)$',
      says: 'Hello. What is your phone number?',
      calls: [{ name: 'save_answer', arguments: { field: 'name', value: '$<name>' } }],
    },
    {
      hears: '(?<phone>six one nine five five five zero one seven three)$',
      calls: [{ name: 'save_answer', arguments: { field: 'phone', value: '$<phone>' } }],
    },
    {
      hears: 'a (?<treatment>cleaning|filling|crown)(?: please)?$',
      calls: [{ name: 'save_answer', arguments: { field: 'treatment', value: '$<treatment>' } }],
    },
    {
      hears: '(?<day>monday|next thursday|wednesday|this friday)',
      says: 'Let me look.',
      calls: [{ name: 'save_answer', arguments: { field: 'day', value: '$<day>' } }],
    },
    {
      hears: '(?<note>i am allergic.*|no|i am a bit.*|no nothing else|my daughter.*)$',
      says: 'Thank you.',
      calls: [
        { name: 'save_answer', arguments: { field: 'note', value: '$<note>' } },
        { name: 'finish', arguments: {} },
      ],
    },
    {
      hears: '(?<complaint>.*(?:teeth|gums|filling|wrong|tooth|hurting).*)',
      says: 'I see. Do we need to know anything else?',
      calls: [{ name: 'save_answer', arguments: { field: 'complaint', value: '$<complaint>' } }],
    },
    { told: 'read it back as "(?<value>[^"]+)"', says: 'I have $<value>, is that right?' },
  ]),
};
