import { rulesSchema } from '#hack/engines/rule-model.ts';
import type { Interview } from './interview.ts';

/**
 * Callers of another business, with other names, fields and phrases, with which no wait was chosen. Some think on
 * after what was whole ("the inspection … I suppose"), which nothing tells.
 */
export const GARAGE_INTERVIEW: Interview = {
  name: 'a garage',
  answering: {
    assistant: { greeting: 'Welcome to the garage.', disclosure: { enabled: false } },
    workflow: {
      name: 'garage',
      fields: [
        { name: 'name', label: 'Name', type: 'Name', prompt: 'Who am I speaking with?' },
        { name: 'phone', label: 'Phone', type: 'Phone', prompt: 'Which number can we call you on?' },
        {
          name: 'service',
          label: 'Service',
          type: 'Choice',
          choices: ['Inspection', 'Repair', 'Tyres'],
          prompt: 'What do you need?',
        },
        { name: 'time', label: 'Time', type: 'Time', prompt: 'What time would suit you?' },
        { name: 'problem', label: 'Problem', prompt: 'What is the matter with the car?' },
        { name: 'note', label: 'Note', prompt: 'Anything else?' },
      ],
    },
  },
  turns: [
    [
      ['peter jones'],
      ['i am', 'maria lopez'],
      ['good morning', 'this is susan', 'miller'],
      ['my name is', 'uh', 'george clark'],
    ],
    [
      ['three one two', 'five five five', 'zero one nine nine'],
      ['the number is', 'three one two five five five', 'zero one nine nine'],
      ['three one two five five five zero one nine nine'],
    ],
    [['yes it is']],
    [['an inspection'], ['i think', 'a repair'], ['new tyres'], ['the inspection', 'i suppose']],
    [
      ['at ten', 'in the morning'],
      ['half past three'],
      ['around noon', 'if you can'],
      ['maybe', 'at four in the afternoon'],
    ],
    [['that is right']],
    [
      ['the brakes are making', 'a strange noise'],
      ['it does not start', 'when it is cold'],
      ['there is a red light', 'on the dashboard'],
      ['i hit a curb', 'with the front wheel', 'yesterday'],
      ['the engine', 'loses power', 'on the motorway'],
      ['it needs new oil'],
    ],
    [
      ['no thank you'],
      ['could you call me', 'before you start'],
      ['i need the car back', 'by friday evening', 'for a trip'],
      ['nothing else'],
    ],
  ],
  rules: rulesSchema.parse([
    {
      hears: '^yes it is$',
      says: 'Thank you. What do you need?',
      calls: [{ name: 'confirm_answer', arguments: { field: 'phone' } }],
    },
    {
      hears: '^that is right$',
      says: 'Good. What is the matter with the car?',
      calls: [{ name: 'confirm_answer', arguments: { field: 'time' } }],
    },
    {
      hears: '(?<name>peter jones|maria lopez|susan miller|george clark)$',
      says: 'Hello. Which number can we call you on?',
      calls: [{ name: 'save_answer', arguments: { field: 'name', value: '$<name>' } }],
    },
    {
      hears: '(?<phone>three one two five five five zero one nine nine)$',
      calls: [{ name: 'save_answer', arguments: { field: 'phone', value: '$<phone>' } }],
    },
    {
      hears: '(?<service>inspection|repair|tyres)',
      calls: [{ name: 'save_answer', arguments: { field: 'service', value: '$<service>' } }],
    },
    {
      hears: '(?<time>ten|half past three|noon|four in the afternoon)',
      calls: [{ name: 'save_answer', arguments: { field: 'time', value: '$<time>' } }],
    },
    {
      hears: '(?<note>no thank you|could you.*|i need the car.*|nothing else)',
      says: 'Alright.',
      calls: [
        { name: 'save_answer', arguments: { field: 'note', value: '$<note>' } },
        { name: 'finish', arguments: {} },
      ],
    },
    {
      hears: '(?<problem>.*(?:brakes|start|light|curb|engine|oil).*)',
      says: 'I see. Anything else?',
      calls: [{ name: 'save_answer', arguments: { field: 'problem', value: '$<problem>' } }],
    },
    { told: 'read it back as "(?<value>[^"]+)"', says: 'I have $<value>, is that right?' },
  ]),
};
